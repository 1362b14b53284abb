/** Sheets of decoded images: one canvas for many tiles. */

import { pack } from './canvas.js';
import { context2d, h, oncePerFrame } from './dom.js';

/** @import { Attributes, ImageShape } from './types.js' */

/** A canvas of rows x columns images, `gap` of their pixels apart; tiles are numbered by rows. */
export class Sheet {
  /**
   * @param {ImageShape} imageShape
   * @param {{rows: number, columns: number, gap?: number}} layout
   * @param {Attributes} attributes  of the canvas element
   */
  constructor([channels, height, width], { rows, columns, gap = 0 }, attributes = {}) {
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.gap = gap;
    this.rows = rows;
    this.columns = columns;
    this.canvas = h('canvas', { class: 'aeviz-sheet', role: 'img', ...attributes });
    this.context = context2d(this.canvas, { willReadFrequently: true });
    this.put = oncePerFrame(() => this.context.putImageData(this.frame, 0, 0));
    this.#size(rows, columns);
    this.frame = this.#read();
    this.words = new Uint32Array(this.frame.data.buffer);
  }

  get count() {
    return this.rows * this.columns;
  }

  /**
   * Change the layout; the old image is stretched over it until new tiles arrive.
   * @param {number} rows
   * @param {number} columns
   */
  resize(rows, columns) {
    if (rows === this.rows && columns === this.columns) return;
    const old = document.createElement('canvas');
    [old.width, old.height] = [this.canvas.width, this.canvas.height];
    context2d(old).drawImage(this.canvas, 0, 0);
    this.#size(rows, columns);
    this.context.drawImage(old, 0, 0, this.canvas.width, this.canvas.height);
    this.#take();
  }

  /** Change the number of rows; the tiles keep their places. @param {number} rows */
  setRows(rows) {
    if (rows === this.rows) return;
    const kept = this.frame;
    this.#size(rows, this.columns);
    this.context.putImageData(kept, 0, 0);
    this.#take();
  }

  /**
   * Draw a tile; all tiles drawn within a frame appear together.
   * @param {number} index
   * @param {Uint8Array} pixels  H * W * C values
   */
  draw(index, pixels) {
    const { words, channels, width, height, frame } = this;
    const { x, y } = this.corner(index);
    pack(words, frame.width, y * frame.width + x, pixels, 0, [channels, height, width]);
    this.put();
  }

  clear() {
    this.words.fill(0);
    this.put();
  }

  /** Where a tile begins, in pixels of the canvas. @param {number} index */
  corner(index) {
    return {
      x: (index % this.columns) * (this.width + this.gap),
      y: Math.floor(index / this.columns) * (this.height + this.gap),
    };
  }

  /** @param {number} rows @param {number} columns */
  #size(rows, columns) {
    this.rows = rows;
    this.columns = columns;
    this.canvas.width = columns * (this.width + this.gap) - this.gap;
    this.canvas.height = rows * (this.height + this.gap) - this.gap;
  }

  /** Use the current canvas as the image into which tiles are drawn. */
  #take() {
    this.frame = this.#read();
    this.words = new Uint32Array(this.frame.data.buffer);
  }

  #read() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}
