/** Pictures: small images of a model, drawn pixel by pixel and enlarged by the browser. */

/** @import { Attributes, ImageShape, Numbers } from './types.js' */

import { context2d, h } from './dom.js';

export class Picture {
  /**
   * @param {ImageShape} imageShape
   * @param {Attributes} attributes  of the canvas element
   */
  constructor([channels, height, width], attributes = {}) {
    this.channels = channels;
    this.canvas = h('canvas', { class: 'aeviz-pixels', role: 'img', width, height, ...attributes });
    // Without an alpha channel the browser need not blend the canvas with the page.
    this.context = context2d(this.canvas, { alpha: false });
    this.frame = this.context.createImageData(width, height);
    this.words = new Uint32Array(this.frame.data.buffer);
  }

  /** @param {Uint8Array} pixels  H * W * C values, as sent by the server */
  draw(pixels) {
    const {
      words,
      channels,
      frame: { width, height },
    } = this;
    pack(words, width, 0, pixels, 0, [channels, height, width]);
    this.context.putImageData(this.frame, 0, 0);
  }

  /** What is drawn, as H * W * C values. */
  read() {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    const pixels = new Uint8Array(width * height * this.channels);
    for (let i = 0, at = 0; at < pixels.length; i += 4) {
      for (let c = 0; c < this.channels; c += 1) pixels[at++] = data[i + c];
    }
    return pixels;
  }
}

/**
 * Write an image into the words (RGBA) of a canvas's image data.
 * @param {Uint32Array} words
 * @param {number} row  words in a row of the canvas
 * @param {number} corner  word of the image's top left corner
 * @param {Uint8Array} pixels  H * W * C values an image
 * @param {number} at  where in `pixels` the image begins
 * @param {ImageShape} imageShape
 */
export function pack(words, row, corner, pixels, at, [channels, height, width]) {
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let y = 0; y < height; y += 1) {
    const end = corner + y * row + width;
    for (let word = end - width; word < end; word += 1, at += channels) {
      words[word] = 0xff000000 | (pixels[at + blue] << 16) | (pixels[at + green] << 8) | pixels[at];
    }
  }
}

/**
 * Mean squared difference of two images with values 0..255, on the scale of [0, 1].
 * @param {Numbers} a
 * @param {Numbers} b
 */
export function meanSquaredError(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] - b[i]) ** 2;
  return sum / a.length / 255 ** 2;
}

/**
 * Pictures beside one another in a single canvas, for saving.
 * @param {HTMLCanvasElement[]} canvases  all of one size
 */
export function sideBySide(canvases) {
  const [{ width, height }] = canvases;
  const gap = Math.max(1, Math.round(width / 28));
  const all = document.createElement('canvas');
  all.width = canvases.length * (width + gap) - gap;
  all.height = height;
  const context = context2d(all);
  canvases.forEach((canvas, i) => context.drawImage(canvas, i * (width + gap), 0));
  return all;
}
