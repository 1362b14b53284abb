/**
 * A picture that can be drawn at any zoom: a mipmap.
 *
 * Drawing 12 megapixels into a window of one reads the level closest to the screen's resolution,
 * so the cost of a frame depends on the screen and not on the picture, and nothing flickers.
 */

import { context2d } from '../../static/dom.js';

const LEAST_SIDE = 512;
/** From this many screen pixels on, a pixel is drawn as a sharp square, so that it can be inspected. */
const SHARP = 6;

/**
 * @typedef {[number, number, number, number]} Box  left, top, right, bottom, in pixels
 * @typedef {{whole: {x: number, y: number, width: number, height: number}, width: number,
 *   height: number, ratio: number, zoom: number}} Glass
 *   the position of the whole picture in a window of this width and height, in CSS pixels; `ratio`: screen
 *   pixels per CSS pixel, `zoom`: screen pixels per pixel of the result
 */

export class Layer {
  /** An empty, transparent layer. @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {OffscreenCanvas[]} the picture, its half, its quarter, ... */
    this.levels = [];
    for (let [w, h] = [width, height]; ; [w, h] = [Math.ceil(w / 2), Math.ceil(h / 2)]) {
      this.levels.push(new OffscreenCanvas(w, h));
      if (Math.max(w, h) <= LEAST_SIDE) break;
    }
  }

  /** @param {Blob} blob  an image file */
  static async from(blob) {
    const bitmap = await createImageBitmap(blob);
    const layer = new Layer(bitmap.width, bitmap.height);
    layer.put(bitmap, 0, 0);
    bitmap.close();
    return layer;
  }

  get pixels() {
    return this.width * this.height;
  }

  /** Draw a part of the picture at its position. @param {ImageBitmap} part @param {number} x @param {number} y */
  put(part, x, y) {
    const context = context2d(this.levels[0]);
    context.clearRect(x, y, part.width, part.height);
    context.drawImage(part, x, y);
    /** @type {Box} */
    let box = [x, y, x + part.width, y + part.height];
    for (let k = 1; k < this.levels.length; k += 1) box = this.halve(k, box);
  }

  /**
   * Redraw level k within a box of the level before it; returns the box on level k.
   * @param {number} k
   * @param {Box} box
   * @returns {Box}
   */
  halve(k, [left, top, right, bottom]) {
    /** @type {Box} */
    const box = [left >> 1, top >> 1, (right + 1) >> 1, (bottom + 1) >> 1];
    const [x, y, w, h] = [box[0], box[1], box[2] - box[0], box[3] - box[1]];
    const context = context2d(this.levels[k]);
    context.clearRect(x, y, w, h);
    // At exactly a half, bilinear is the mean of four pixels.
    context.drawImage(this.levels[k - 1], 2 * x, 2 * y, 2 * w, 2 * h, x, y, w, h);
    return box;
  }

  /**
   * Draw the visible part.
   * @param {import('./compare.js').Context} context  in CSS pixels
   * @param {Glass} glass  where it lies
   */
  paint(context, { whole, width: seenWidth, height: seenHeight, ratio, zoom }) {
    const left = Math.max(whole.x, 0);
    const top = Math.max(whole.y, 0);
    const width = Math.min(whole.x + whole.width, seenWidth) - left;
    const height = Math.min(whole.y + whole.height, seenHeight) - top;
    if (width <= 0 || height <= 0) return;
    const density = (ratio * whole.width) / this.width; // screen pixels per pixel of this picture
    const k = Math.max(0, Math.min(this.levels.length - 1, Math.floor(Math.log2(1 / density) + 0.01)));
    const level = this.levels[k];
    const [sx, sy] = [level.width / whole.width, level.height / whole.height];
    context.imageSmoothingEnabled = zoom < SHARP;
    context.drawImage(
      level,
      (left - whole.x) * sx,
      (top - whole.y) * sy,
      width * sx,
      height * sy,
      left,
      top,
      width,
      height,
    );
  }

  /** Free the memory now, not at the next garbage collection. */
  drop() {
    for (const level of this.levels) level.width = level.height = 0;
  }
}
