/**
 * Messages of the live protocol (docs/live-protocol.md): an id and an operation in 8 bytes, little-endian,
 * then float32 numbers in requests and the results in replies.
 */

const HEADER = 8;

export const DECODE = 0;
export const ENCODE = 1;

/**
 * @param {number} id  unsigned, 32 bits
 * @param {number} op  DECODE or ENCODE
 * @param {ArrayLike<number>} values
 */
export function request(id, op, values) {
  const message = new ArrayBuffer(HEADER + 4 * values.length);
  const head = new DataView(message);
  head.setUint32(0, id, true);
  head.setUint8(4, op);
  new Float32Array(message, HEADER).set(values);
  return message;
}

/** The id of the request that this is the reply to. @param {ArrayBuffer} reply */
export function idOf(reply) {
  return new DataView(reply).getUint32(0, true);
}

/** The pixels of a reply to DECODE: H * W * C values for each code. @param {ArrayBuffer} reply */
export function pixelsOf(reply) {
  return new Uint8Array(reply, HEADER);
}

/**
 * The content of a reply to ENCODE: the image's code, and its reconstruction.
 * @param {ArrayBuffer} reply
 * @param {number} latentDim
 */
export function encodedOf(reply, latentDim) {
  return {
    code: new Float32Array(reply, HEADER, latentDim),
    pixels: new Uint8Array(reply, HEADER + 4 * latentDim),
  };
}
