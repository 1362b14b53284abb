/** Arrays with a description of them, as the server packs them (aeviz/server/packing.py). */

const ARRAYS = { float32: Float32Array, int16: Int16Array, uint8: Uint8Array };

/**
 * @param {ArrayBuffer} packed
 * @returns {{header: any, array: (name: string) => any, shape: (name: string) => number[]}}
 *   `array` answers undefined, and `shape` an empty list, where there is none of this name
 */
export function unpack(packed) {
  const length = new DataView(packed).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
  const array = (name) => {
    const at = header.arrays[name];
    if (!at) return undefined;
    const size = at.shape.reduce((a, b) => a * b, 1);
    return new ARRAYS[at.dtype](packed, 4 + length + at.offset, size);
  };
  return { header, array, shape: (name) => header.arrays[name]?.shape ?? [] };
}
