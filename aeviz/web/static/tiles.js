/** Sheets of decoded images: one canvas for many tiles, and one that can be pointed at. */

import { pack } from './canvas.js';
import { h, oncePerFrame } from './dom.js';

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** A canvas of rows x columns images, `gap` of their pixels apart; tiles are numbered by rows. */
export class Sheet {
  /**
   * @param {[number, number, number]} imageShape  C, H, W
   * @param {{rows: number, columns: number, gap?: number}} layout
   * @param {Record<string, any>} attributes  of the canvas element
   */
  constructor([channels, height, width], { rows, columns, gap = 0 }, attributes = {}) {
    Object.assign(this, { channels, height, width, gap });
    this.canvas = h('canvas', { class: 'aeviz-sheet', role: 'img', ...attributes });
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.put = oncePerFrame(() => this.context.putImageData(this.frame, 0, 0));
    this.#size(rows, columns);
    this.#take();
  }

  /** Another layout; what was there is stretched over it until new tiles arrive. */
  resize(rows, columns) {
    if (rows === this.rows && columns === this.columns) return;
    const old = document.createElement('canvas');
    [old.width, old.height] = [this.canvas.width, this.canvas.height];
    old.getContext('2d').drawImage(this.canvas, 0, 0);
    this.#size(rows, columns);
    this.context.drawImage(old, 0, 0, this.canvas.width, this.canvas.height);
    this.#take();
  }

  /** Another number of rows of the same tiles, which keep their places. */
  setRows(rows) {
    if (rows === this.rows) return;
    const kept = this.frame;
    this.#size(rows, this.columns);
    this.context.putImageData(kept, 0, 0);
    this.#take();
  }

  /**
   * Draw a tile; all that are drawn within a frame reach the screen together.
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

  /** Where a tile begins, in pixels of the canvas. */
  corner(index) {
    return {
      x: (index % this.columns) * (this.width + this.gap),
      y: Math.floor(index / this.columns) * (this.height + this.gap),
    };
  }

  #size(rows, columns) {
    Object.assign(this, { rows, columns, count: rows * columns });
    this.canvas.width = columns * (this.width + this.gap) - this.gap;
    this.canvas.height = rows * (this.height + this.gap) - this.gap;
  }

  /** What is on the canvas now is what tiles are drawn into. */
  #take() {
    this.frame = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    this.words = new Uint32Array(this.frame.data.buffer);
  }
}

/**
 * A sheet whose tiles can be looked at (pointer, arrow keys) and picked (click, Enter).
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
    this.looked = null;
    const { canvas } = sheet;
    const handlers = {
      pointermove: (event) =>
        event.pointerType === 'mouse' && this.#look(this.#under(event), event.timeStamp),
      pointerleave: (event) => this.#look(null, event.timeStamp),
      click: (event) => this.#pick(this.#under(event), event.timeStamp),
      keydown: (event) => this.#key(event),
      blur: (event) => this.#look(null, event.timeStamp),
    };
    for (const [name, handler] of Object.entries(handlers)) canvas.addEventListener(name, handler);
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-roledescription', 'grid of images');
    canvas.setAttribute('aria-label', `${options.label}. Arrow keys choose an image, Enter goes there.`);
    this.spoken = h('output', { class: 'aeviz-spoken' });
    this.frame = h('div', { class: 'aeviz-tileframe', hidden: true });
    this.marks = h('div', { 'aria-hidden': 'true' });
    this.element = h('div', { class: 'aeviz-tiles' }, canvas, this.marks, this.frame, this.spoken);
    this.sizing = new ResizeObserver(() => this.#smooth());
    this.sizing.observe(canvas);
  }

  /** Outline these tiles, in place of those outlined before. @param {number[]} indices */
  mark(indices) {
    while (this.marks.childElementCount > indices.length) this.marks.lastChild.remove();
    while (this.marks.childElementCount < indices.length)
      this.marks.append(h('div', { class: 'aeviz-tilemark' }));
    indices.forEach((index, i) => this.#surround(this.marks.children[i], index));
  }

  destroy() {
    this.sizing.disconnect();
  }

  /** Tile under the pointer; null between tiles and where there is none yet. */
  #under({ offsetX, offsetY }) {
    const { canvas, width, height, gap, columns, rows } = this.sheet;
    const place = (offset, shown, size, one, most) => {
      const at = Math.floor(((offset / shown) * size) / (one + gap));
      return Math.min(most - 1, Math.max(0, at));
    };
    const column = place(offsetX, canvas.clientWidth, canvas.width, width, columns);
    const row = place(offsetY, canvas.clientHeight, canvas.height, height, rows);
    return this.#there(row * columns + column);
  }

  #there(index) {
    return (this.options.isThere?.(index) ?? true) ? index : null;
  }

  #look(index, time) {
    if (index === this.looked) return;
    this.looked = index;
    this.frame.hidden = index === null;
    this.sheet.canvas.title = index === null ? '' : this.options.nameOf(index);
    if (index !== null) this.#surround(this.frame, index);
    this.options.onLook?.(index, time);
  }

  #pick(index, time) {
    if (index === null) return;
    this.at = index;
    this.options.onPick(index, time);
  }

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

  #surround(element, index) {
    const { canvas, width, height } = this.sheet;
    const { x, y } = this.sheet.corner(index);
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(element.style, {
      left: share(x, canvas.width),
      top: share(y, canvas.height),
      width: share(width, canvas.width),
      height: share(height, canvas.height),
    });
  }

  /** Sharp squares where pixels are enlarged; smooth where they are shrunk and squares would drop out. */
  #smooth() {
    const { canvas } = this.sheet;
    const shrunk = canvas.clientWidth * devicePixelRatio < canvas.width;
    canvas.style.imageRendering = shrunk ? 'auto' : '';
  }
}
