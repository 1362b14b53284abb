/** Pictures that fade from one epoch to the next: the manifold, and reconstructions. */

import { pack } from '../../static/canvas.js';
import { context2d, h } from '../../static/dom.js';
import { around } from './epochs.js';

const KEPT = 12;

/**
 * @typedef {import('./epochs.js').Epoch} Epoch
 * @typedef {(epoch: Epoch) => HTMLCanvasElement | null} Make  null if the epoch has no such images
 */

/** Sheets of images, drawn once for each epoch. */
class Sheets {
  /** @param {Make} make */
  constructor(make) {
    this.make = make;
    /** @type {Map<Epoch, HTMLCanvasElement | null>} */
    this.kept = new Map();
  }

  /** @param {Epoch} epoch */
  of(epoch) {
    let sheet = this.kept.get(epoch);
    if (sheet === undefined) {
      sheet = this.make(epoch);
      this.kept.set(epoch, sheet);
      const [oldest] = this.kept.keys();
      if (this.kept.size > KEPT) this.kept.delete(oldest);
    }
    return sheet;
  }

  clear() {
    this.kept.clear();
  }
}

class Fading {
  /** @param {Record<string, string>} attributes  of the canvas @param {Make} make */
  constructor(attributes, make) {
    this.sheets = new Sheets(make);
    /** @type {HTMLCanvasElement} */
    this.canvas = h('canvas', { class: 'replay-pixels', role: 'img', ...attributes });
    this.context = context2d(this.canvas);
  }

  /** @param {Epoch[]} there  at least one @param {number} time */
  draw(there, time) {
    const { before, after, share } = around(there, time);
    const [from, to] = [this.sheets.of(before), this.sheets.of(after)];
    const size = to ?? from;
    this.canvas.hidden = !size;
    if (!size) return;
    const { canvas, context } = this;
    if (canvas.width !== size.width || canvas.height !== size.height) {
      [canvas.width, canvas.height] = [size.width, size.height];
    }
    context.globalAlpha = 1;
    context.globalCompositeOperation = 'copy'; // nothing of the old picture shines through
    context.drawImage(from && share < 1 ? from : size, 0, 0);
    context.globalCompositeOperation = 'source-over';
    if (!from || !to || share <= 0 || share >= 1) return;
    context.globalAlpha = share * share * (3 - 2 * share);
    context.drawImage(to, 0, 0);
  }
}

/** The decoded images of a grid of codes. */
export class ManifoldSheet extends Fading {
  constructor() {
    super(
      {
        'data-testid': 'aeviz-replay-manifold',
        'aria-label': 'Images decoded from a grid on the plane of codes',
      },
      ({ manifold, rows }) => {
        if (!manifold) return null;
        const columns = manifold.count / rows;
        return grid(
          manifold.pixels,
          manifold.shape,
          rows,
          columns,
          0,
          (row, column) => row * columns + column,
        );
      },
    );
  }
}

/** Eight network inputs, each beside its reconstruction. */
export class Pairs extends Fading {
  constructor() {
    super(
      {
        'data-testid': 'aeviz-replay-pairs',
        'aria-label': 'Eight inputs of the network, each beside its reconstruction',
      },
      (epoch) => this.sheet(epoch),
    );
    this.upright = true;
  }

  /** @param {boolean} upright  pairs below one another, or each in a column */
  turn(upright) {
    if (this.upright === upright) return;
    this.upright = upright;
    this.sheets.clear();
  }

  /** @param {Epoch} epoch */
  sheet({ xIn, xHat }) {
    const {
      count,
      shape: [, , width],
    } = xIn;
    const pixels = new Uint8Array(2 * xIn.pixels.length);
    pixels.set(xIn.pixels);
    pixels.set(xHat.pixels, xIn.pixels.length);
    const gap = Math.max(1, Math.round(width / 14));
    return this.upright
      ? grid(pixels, xIn.shape, count, 2, gap, (row, column) => column * count + row)
      : grid(pixels, xIn.shape, 2, count, gap, (row, column) => row * count + column);
  }
}

/**
 * Images in rows and columns on one canvas, with a clear gap between them.
 * @param {Uint8Array} pixels  of all images
 * @param {[number, number, number]} shape  C, H, W of one
 * @param {number} rows
 * @param {number} columns
 * @param {number} gap
 * @param {(row: number, column: number) => number} at  the index of the image at this position
 */
function grid(pixels, shape, rows, columns, gap, at) {
  const [channels, height, width] = shape;
  const canvas = document.createElement('canvas');
  canvas.width = columns * (width + gap) - gap;
  canvas.height = rows * (height + gap) - gap;
  const context = context2d(canvas);
  const frame = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(frame.data.buffer);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const corner = row * (height + gap) * canvas.width + column * (width + gap);
      pack(words, canvas.width, corner, pixels, at(row, column) * channels * height * width, shape);
    }
  }
  context.putImageData(frame, 0, 0);
  return canvas;
}
