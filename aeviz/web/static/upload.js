/** A picture from a person's own files, fitted to the model's image shape. */

import { context2d } from './dom.js';
import { readHandwriting, shrunk } from './photo.js';

const MOST_BYTES = 10 * 2 ** 20;
const MOST_PIXELS = 50e6;
const GREY = [0.299, 0.587, 0.114]; // ITU-R BT.601 luminance
const TILES_LOOKED_AT = 64;
const FOUND = 'The digit was found, cleaned and centred, as in the training images.';
const NONE_FOUND =
  'No digit was found in this picture, so the whole of it is used. Draw a frame around the digit.';
export const NO_INK = 'There is no digit in this frame.';

/**
 * @typedef {{image: Float32Array, inverted: boolean, note: string}} Whole
 * @typedef {Whole & {photo: import('./photo.js').Photo | null}} Fitted
 *   H * W * C values in [0, 1], a sentence about the changes to the picture, and the picture
 *   itself if a character was searched for in it
 */

/**
 * Decode a file and fit it. If the model was trained on handwriting, the result is the character in
 * it; else its middle, in grey if the model's images are, and inverted if its border is bright and
 * that of the model's images is not.
 * @param {Blob} file
 * @param {import('./gallery.js').Gallery} gallery
 * @returns {Promise<Fitted>}
 * @throws {Error} with one sentence for the person
 */
export async function readPicture(file, gallery) {
  if (file.size > MOST_BYTES) throw new Error('This file is larger than 10 MB; choose a smaller picture.');
  const bitmap = await decode(file);
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    throw new Error('This picture has more than 50 million pixels; make it smaller.');
  }
  const [, height, width] = gallery.imageShape;
  const same = bitmap.width === width && bitmap.height === height;
  if (!gallery.handwriting || same) return { ...(await fitWhole(bitmap, gallery, same)), photo: null };
  const photo = await shrunk(bitmap);
  const reading = await readHandwriting(gallery.name, photo);
  const whole = await fitWhole(bitmap, gallery, same);
  Object.assign(photo, { found: reading.found, frame: reading.frame, whole });
  if (!reading.image) return { ...whole, photo, note: NONE_FOUND };
  return { image: reading.image, inverted: false, note: FOUND, photo };
}

/**
 * The content of the frame after a person has moved it; null if there is no ink in it.
 * @param {import('./gallery.js').Gallery} gallery
 * @param {import('./photo.js').Photo} photo
 * @param {import('./photo.js').Frame | null} frame  null: the whole picture
 * @returns {Promise<Fitted | null>}
 */
export async function readFrame(gallery, photo, frame) {
  if (!frame) return photo.whole ? { ...photo.whole, photo } : null;
  const { image } = await readHandwriting(gallery.name, photo, frame);
  return image && { image, inverted: false, note: FOUND, photo };
}

/**
 * The middle of a picture. Closes the bitmap.
 * @param {ImageBitmap} bitmap
 * @param {import('./gallery.js').Gallery} gallery
 * @param {boolean} same  whether it already has the model's shape
 * @returns {Promise<Whole>}
 */
async function fitWhole(bitmap, gallery, same) {
  const [channels, height, width] = gallery.imageShape;
  const rgba = await fit(bitmap, width, height);
  const image = new Float32Array(height * width * channels);
  for (let i = 0; i < width * height; i += 1) {
    const [r, g, b] = [0, 1, 2].map((c) => rgba[4 * i + c] / 255);
    if (channels === 1) image[i] = GREY[0] * r + GREY[1] * g + GREY[2] * b;
    else image.set([r, g, b], 3 * i);
  }
  const inverted =
    channels === 1 &&
    (!same || gallery.handwriting) &&
    borderMedian(image, width, height) > 0.5 &&
    (await hasDarkGround(gallery));
  if (inverted) invert(image);
  const done = [
    same ? null : `fitted to ${width} × ${height}`,
    inverted ? 'inverted to light on dark' : null,
  ];
  const note = done.filter(Boolean).join(', ');
  return { image, inverted, note: note && `${note[0].toUpperCase()}${note.slice(1)}.` };
}

/** Invert light and dark, in place. @param {Float32Array} image */
export function invert(image) {
  for (let i = 0; i < image.length; i += 1) image[i] = 1 - image[i];
}

/**
 * Whether the images of a gallery are light on dark, by the borders of its first ones.
 * @param {import('./gallery.js').Gallery} gallery
 */
async function hasDarkGround({ sprite, count }) {
  if (!sprite) return true; // like the data sets of digits
  await sprite.ready;
  const { width, height } = sprite;
  const canvas = new OffscreenCanvas(width, height);
  const context = context2d(canvas, { willReadFrequently: true });
  let dark = 0;
  const looked = Math.min(count, TILES_LOOKED_AT);
  for (let i = 0; i < looked; i += 1) {
    const [x, y] = [(i % sprite.columns) * width, Math.floor(i / sprite.columns) * height];
    context.drawImage(sprite.image, x, y, width, height, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const green = Float32Array.from({ length: width * height }, (_, at) => data[4 * at + 1] / 255);
    if (borderMedian(green, width, height) < 0.5) dark += 1;
  }
  return 2 * dark > looked;
}

/** @param {Blob} file */
async function decode(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error('This file is not a picture that the browser can read; choose a PNG, JPEG or WebP.');
  }
}

/**
 * The middle of a bitmap as width x height RGBA, transparent parts on white.
 * @param {ImageBitmap} bitmap
 * @param {number} width
 * @param {number} height
 */
async function fit(bitmap, width, height) {
  const scale = Math.min(bitmap.width / width, bitmap.height / height);
  const [w, h] = [scale * width, scale * height].map((side) => Math.max(1, Math.round(side)));
  const [left, top] = [Math.floor((bitmap.width - w) / 2), Math.floor((bitmap.height - h) / 2)];
  const small = await createImageBitmap(bitmap, left, top, w, h, {
    resizeWidth: width,
    resizeHeight: height,
    resizeQuality: 'high',
  });
  bitmap.close();
  const context = context2d(new OffscreenCanvas(width, height));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(small, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

/**
 * The median of a grey image's outermost rows and columns.
 * @param {Float32Array} image
 * @param {number} width
 * @param {number} height
 */
function borderMedian(image, width, height) {
  const border = [];
  for (let x = 0; x < width; x += 1) border.push(image[x], image[(height - 1) * width + x]);
  for (let y = 0; y < height; y += 1) border.push(image[y * width], image[y * width + width - 1]);
  return border.sort((a, b) => a - b)[border.length >> 1];
}
