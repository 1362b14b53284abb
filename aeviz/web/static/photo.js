/**
 * The upload of a photograph of handwriting to the server, which finds the character in it.
 *
 * @typedef {[number, number, number, number]} Frame  left, top, right, bottom, as shares of the sides
 * @typedef {{blob: Blob, width: number, height: number, found: Frame[], frame: Frame | null,
 *   whole?: import('./upload.js').Whole}} Photo
 *   `whole`: the whole picture, fitted to the model's shape
 */

import { whyRefused } from './connection.js';
import { context2d } from './dom.js';

const SIDE = 1280; // the server uses an even smaller one
const QUALITY = 0.9;

/** @param {ImageBitmap} bitmap  stays open @returns {Promise<Photo>} */
export async function shrunk(bitmap) {
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side)));
  const canvas = new OffscreenCanvas(width, height);
  const context = context2d(canvas);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  return { blob, width, height, found: [], frame: null };
}

/**
 * The character in the frame, or the likeliest in the photograph, as H * W values in [0, 1].
 * @param {string} model
 * @param {Photo} photo
 * @param {Frame | null} [frame]
 * @returns {Promise<{image: Float32Array | null, frame: Frame | null, found: Frame[]}>}
 * @throws {Error} with one sentence for the person
 */
export async function readHandwriting(model, photo, frame = null) {
  const address = new URL(`aeviz/handwriting/${encodeURIComponent(model)}`, document.baseURI);
  if (frame) address.searchParams.set('frame', frame.map((side) => side.toFixed(5)).join(','));
  const answer = await fetch(address, { method: 'POST', body: photo.blob }).catch(() => {
    throw new Error('The server cannot be reached; try again in a moment.');
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 403) throw new Error((await whyRefused()) || said.error);
  if (!answer.ok) throw new Error(said.error ?? 'This photograph could not be read; try another one.');
  return { ...said, image: said.image ? valuesOf(said.image) : null };
}

/** Convert bytes in base64 to values in [0, 1]. @param {string} text */
function valuesOf(text) {
  return Float32Array.from(atob(text), (sign) => sign.charCodeAt(0) / 255);
}
