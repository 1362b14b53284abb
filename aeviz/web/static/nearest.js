/**
 * The gallery images whose codes are nearest to a code: the search, and the row of thumbnails.
 *
 * Only active dimensions count, as in the meter beside them: the decoder ignores the
 * others. The search is exact: it checks all codes, each until its distance exceeds the k-th best.
 */

import { h } from './dom.js';

/** @import { Numbers } from './types.js' */

const SHOWN = 5;
const BLOCK = 8; // dimensions summed before the distance is compared

export class NearestCodes {
  /** @param {import('./gallery.js').Gallery} gallery */
  constructor({ latents, latentDim, count, dims }) {
    const active = dims.filter((dim) => dim.active);
    // Widest dimension first, to reject far codes early. Padded to whole blocks with zeros.
    this.kept = [...(active.length ? active : dims)].sort((a, b) => b.std - a.std).map(({ index }) => index);
    this.width = BLOCK * Math.ceil(this.kept.length / BLOCK);
    if (this.kept.length < BLOCK) this.width = this.kept.length;
    this.count = count;
    this.query = new Float32Array(this.width);
    this.codes = new Float32Array(count * this.width);
    for (let i = 0; i < count; i += 1) {
      this.kept.forEach((dimension, j) => {
        this.codes[i * this.width + j] = latents[i * latentDim + dimension];
      });
    }
  }

  /**
   * The `k` nearest, nearest first.
   * @param {ArrayLike<number>} z
   * @param {number} k
   * @param {number | null} [own]  the image whose code is z: it comes first among equals
   * @returns {{indices: number[], distance: number}} with the distance to the first
   */
  find(z, k, own = null) {
    const { codes, width, count, query } = this;
    this.kept.forEach((dimension, j) => {
      query[j] = z[dimension];
    });
    const indices = new Int32Array(k).fill(-1);
    const squares = new Float64Array(k).fill(Infinity);
    let most = Infinity;
    for (let i = 0, at = 0; i < count; i += 1, at += width) {
      let sum = 0;
      for (let j = 0; j < width && sum < most; ) {
        const end = Math.min(width, j + BLOCK);
        for (; j < end; j += 1) {
          const difference = codes[at + j] - query[j];
          sum += difference * difference;
        }
      }
      if (i === own) sum -= Number.MIN_VALUE;
      if (sum >= most) continue;
      let place = k - 1;
      for (; place > 0 && squares[place - 1] > sum; place -= 1) {
        squares[place] = squares[place - 1];
        indices[place] = indices[place - 1];
      }
      squares[place] = sum;
      indices[place] = i;
      most = squares[k - 1];
    }
    return {
      indices: Array.from(indices).filter((index) => index >= 0),
      distance: Math.sqrt(Math.max(0, squares[0])),
    };
  }

  /** Distance of two codes along the dimensions that count. @param {Numbers} a @param {Numbers} b */
  between(a, b) {
    return Math.hypot(...this.kept.map((dimension) => a[dimension] - b[dimension]));
  }
}

/** The nearest images as buttons: a click keeps that image. */
export class NearestImages {
  /**
   * @param {import('./gallery.js').Gallery} gallery
   * @param {string[]} colours
   * @param {(index: number, time: number) => void} onPin
   */
  constructor({ sprite, labels, classNames, count }, colours, onPin) {
    this.sprite = sprite;
    this.labels = labels;
    this.classNames = classNames;
    this.colours = colours;
    this.thumbs = Array.from({ length: Math.min(SHOWN, count) }, (_, rank) => {
      const canvas = h('canvas', {
        class: 'aeviz-pixels',
        width: sprite?.width,
        height: sprite?.height,
      });
      const name = h('span');
      const thumb = { canvas, name, index: -1 };
      const button = h(
        'button',
        {
          type: 'button',
          class: 'aeviz-thumb',
          'data-testid': `aeviz-nearest-${rank}`,
          onclick: (event) => thumb.index >= 0 && onPin(thumb.index, event.timeStamp),
        },
        canvas,
        name,
      );
      return Object.assign(thumb, { button });
    });
    this.element = h(
      'div',
      {
        class: 'aeviz-nearest',
        role: 'group',
        'aria-label': 'Nearest gallery images, nearest first',
        'data-testid': 'aeviz-nearest',
      },
      ...this.thumbs.map(({ button }) => button),
    );
  }

  /** @param {number[]} indices  nearest first */
  show(indices) {
    this.thumbs.forEach((thumb, rank) => {
      const index = indices[rank];
      if (index === undefined || thumb.index === index) return;
      thumb.index = index;
      const label = this.labels[index];
      const name = this.classNames[label] ?? '';
      const { button } = thumb;
      button.dataset.index = String(index);
      button.title = `${name || 'Gallery image'}, ${place(rank)}. Click to keep it.`;
      button.setAttribute('aria-label', button.title);
      button.style.setProperty('--class', this.colours[label % this.colours.length]);
      thumb.name.textContent = name;
      this.sprite?.draw(thumb.canvas, index);
    });
  }
}

/** @param {number} rank */
function place(rank) {
  return ['the nearest', 'second nearest', 'third nearest', 'fourth nearest', 'fifth nearest'][rank];
}
