/** A sheet of decoded images that reacts to the pointer. */

import { h } from './dom.js';

/** @import { Sheet } from './sheet.js' */
/** @import { Point } from './types.js' */

/** @type {Record<string, Point | undefined>} */
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/**
 * A sheet whose tiles can be previewed (pointer, arrow keys) and picked (click, Enter).
 *
 * @typedef {{label: string, nameOf: (index: number) => string,
 *   onPick: (index: number, time: number) => void,
 *   onLook?: (index: number | null, time: number) => void,
 *   isThere?: (index: number) => boolean}} TilesOptions
 *   isThere: whether there is a tile yet; without it, all are
 */
export class Tiles {
  /** @param {Sheet} sheet @param {TilesOptions} options */
  constructor(sheet, options) {
    this.sheet = sheet;
    this.options = options;
    this.at = 0;
    /** @type {number | null} */
    this.looked = null;
    const { canvas } = sheet;
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'mouse') this.#look(this.#under(event), event.timeStamp);
    });
    canvas.addEventListener('pointerleave', (event) => this.#look(null, event.timeStamp));
    canvas.addEventListener('click', (event) => this.#pick(this.#under(event), event.timeStamp));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', (event) => this.#look(null, event.timeStamp));
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-roledescription', 'grid of images');
    canvas.setAttribute('aria-label', `${options.label}. Arrow keys choose an image, Enter goes there.`);
    this.spoken = h('output', { class: 'aeviz-spoken' });
    this.frame = h('div', { class: 'aeviz-tileframe', hidden: true });
    /** @type {HTMLElement[]} */
    this.outlines = [];
    this.marks = h('div', { 'aria-hidden': 'true' });
    this.element = h('div', { class: 'aeviz-tiles' }, canvas, this.marks, this.frame, this.spoken);
    this.sizing = new ResizeObserver(() => this.#smooth());
    this.sizing.observe(canvas);
  }

  /** Outline these tiles, and no others. @param {number[]} indices */
  mark(indices) {
    if (this.outlines.length !== indices.length) {
      this.outlines = indices.map(() => h('div', { class: 'aeviz-tilemark' }));
      this.marks.replaceChildren(...this.outlines);
    }
    indices.forEach((index, i) => this.#surround(this.outlines[i], index));
  }

  destroy() {
    this.sizing.disconnect();
  }

  /** Tile under the pointer; null between tiles and if there is none yet. @param {MouseEvent} event */
  #under({ offsetX, offsetY }) {
    const { canvas, width, height, gap, columns, rows } = this.sheet;
    /**
     * @param {number} offset
     * @param {number} shown
     * @param {number} size
     * @param {number} one
     * @param {number} most
     */
    const place = (offset, shown, size, one, most) => {
      const at = Math.floor(((offset / shown) * size) / (one + gap));
      return Math.min(most - 1, Math.max(0, at));
    };
    const column = place(offsetX, canvas.clientWidth, canvas.width, width, columns);
    const row = place(offsetY, canvas.clientHeight, canvas.height, height, rows);
    return this.#there(row * columns + column);
  }

  /** @param {number} index */
  #there(index) {
    return (this.options.isThere?.(index) ?? true) ? index : null;
  }

  /** @param {number | null} index @param {number} time */
  #look(index, time) {
    if (index === this.looked) return;
    this.looked = index;
    this.frame.hidden = index === null;
    this.sheet.canvas.title = index === null ? '' : this.options.nameOf(index);
    if (index !== null) this.#surround(this.frame, index);
    this.options.onLook?.(index, time);
  }

  /** @param {number | null} index @param {number} time */
  #pick(index, time) {
    if (index === null) return;
    this.at = index;
    this.options.onPick(index, time);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { rows, columns } = this.sheet;
    const step = KEYS[event.key];
    if (event.key === 'Enter' || event.key === ' ') this.#pick(this.#there(this.at), event.timeStamp);
    else if (step) {
      const row = Math.min(rows - 1, Math.max(0, Math.floor(this.at / columns) + step[0]));
      const column = Math.min(columns - 1, Math.max(0, (this.at % columns) + step[1]));
      const next = this.#there(row * columns + column);
      if (next === null) return;
      this.at = next;
      this.spoken.textContent = this.options.nameOf(this.at);
      this.#look(this.at, event.timeStamp);
    } else return;
    event.preventDefault();
  }

  /** @param {HTMLElement} element @param {number} index */
  #surround(element, index) {
    const { canvas, width, height } = this.sheet;
    const { x, y } = this.sheet.corner(index);
    /** @param {number} part @param {number} whole */
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(element.style, {
      left: share(x, canvas.width),
      top: share(y, canvas.height),
      width: share(width, canvas.width),
      height: share(height, canvas.height),
    });
  }

  /** Sharp squares if pixels are enlarged; smooth if they are reduced, where pixels would be lost. */
  #smooth() {
    const { canvas } = this.sheet;
    const shrunk = canvas.clientWidth * devicePixelRatio < canvas.width;
    canvas.style.imageRendering = shrunk ? 'auto' : '';
  }
}
