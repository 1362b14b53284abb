/** Arrays with their description, as packed by the server (aeviz/server/packing.py). */

const ARRAYS = { float32: Float32Array, int16: Int16Array, uint8: Uint8Array };

/**
 * @typedef {Float32Array | Int16Array | Uint8Array} PackedArray
 * @typedef {Record<string, {dtype: keyof typeof ARRAYS, shape: number[], offset: number}>} Arrays
 */

/**
 * @template [Header=any]
 * @param {ArrayBuffer} packed
 * @returns {{header: Header, array: <T extends PackedArray>(name: string) => T | undefined,
 *   shape: (name: string) => number[]}}
 *   `array` returns undefined, and `shape` an empty list, if there is none of this name
 */
export function unpack(packed) {
  const length = new DataView(packed).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
  /** @type {Arrays} */
  const arrays = header.arrays;
  /** @template {PackedArray} T @param {string} name */
  const array = (name) => {
    if (!arrays[name]) return undefined;
    const { dtype, shape, offset } = arrays[name];
    const size = shape.reduce((a, b) => a * b, 1);
    return /** @type {T} */ (new ARRAYS[dtype](packed, 4 + length + offset, size));
  };
  return { header, array, shape: (name) => arrays[name]?.shape ?? [] };
}
