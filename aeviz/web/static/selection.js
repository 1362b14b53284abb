/** The chosen points of a map: their number by class, and their images as a strip. */

import { context2d, h } from './dom.js';

/** @import { Gallery } from './gallery.js' */
/** @typedef {{pick: (index: number, time: number) => void, clear: () => void}} SelectionListener */

const MOST = 200; // thumbnails
const LARGEST = 64; // pixels of a thumbnail's side on the strip's canvas
const HEIGHT = 48; // CSS pixels
/** @type {Record<string, number | undefined>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

export class Selection {
  /**
   * @param {Pick<Gallery, 'labels' | 'classNames' | 'sprite'>} gallery
   * @param {string[]} colours
   * @param {SelectionListener} listener
   */
  constructor({ labels, classNames, sprite }, colours, listener) {
    this.labels = labels;
    this.classNames = classNames;
    this.sprite = sprite;
    this.colours = colours;
    this.listener = listener;
    /** @type {number[]} */
    this.shown = [];
    this.at = -1;
    this.tile = HEIGHT; // CSS pixels
    this.heading = h('h4');
    this.counts = h('ul', { class: 'aeviz-chosen-counts' });
    this.canvas = h('canvas', {
      class: 'aeviz-pixels',
      'data-testid': 'aeviz-selection-strip',
      role: 'group',
      tabindex: 0,
      'aria-label': 'The chosen images. Arrow keys go from one to the next and keep it.',
      onclick: (event) => this.pick(this.#tileAt(event), event.timeStamp),
      onkeydown: (event) => this.#key(event),
    });
    this.current = h('div', { class: 'aeviz-chosen-now', hidden: true });
    this.strip = h('div', { class: 'aeviz-chosen' }, h('div', {}, this.canvas, this.current));
    this.element = h(
      'section',
      {
        class: 'aeviz-selection',
        'data-testid': 'aeviz-selection',
        'aria-label': 'Selection',
        hidden: true,
      },
      h(
        'div',
        { class: 'aeviz-bar', 'aria-live': 'polite' },
        this.heading,
        h(
          'div',
          { class: 'aeviz-actions' },
          h(
            'button',
            {
              type: 'button',
              class: 'aeviz-quiet',
              'data-testid': 'aeviz-selection-clear',
              title: 'Clear the selection',
              onclick: listener.clear,
            },
            'Clear',
          ),
        ),
      ),
      this.counts,
      this.strip,
    );
  }

  /** @param {number[]} indices  of the chosen points; none hides everything */
  show(indices) {
    this.element.hidden = !indices.length;
    if (!indices.length) return;
    const sorted = [...indices].sort((a, b) => this.labels[a] - this.labels[b] || a - b);
    const every = Math.max(1, sorted.length / MOST);
    this.shown = Array.from(
      { length: Math.min(MOST, sorted.length) },
      (_, i) => sorted[Math.floor(i * every)],
    );
    const total = indices.length.toLocaleString('en');
    this.heading.textContent =
      `${total} chosen` +
      (this.shown.length < indices.length ? ` · ${this.shown.length} of ${total} shown` : '');
    this.#count(indices);
    this.at = -1;
    this.current.hidden = true;
    this.strip.scrollLeft = 0;
    this.#draw();
  }

  /** Keep the image of tile `at` of the strip. @param {number} at @param {number} time */
  pick(at, time) {
    if (!(at >= 0 && at < this.shown.length)) return;
    this.at = at;
    this.current.hidden = false;
    this.current.style.width = `${this.tile}px`;
    this.current.style.transform = `translateX(${at * this.tile}px)`;
    this.current.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.listener.pick(this.shown[at], time);
  }

  /** @param {MouseEvent} event @returns {number} */
  #tileAt(event) {
    return Math.floor((event.clientX - this.canvas.getBoundingClientRect().left) / this.tile);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    this.pick(Math.max(0, this.at + step), event.timeStamp);
  }

  /** @param {number[]} indices */
  #count(indices) {
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (const i of indices) counts.set(this.labels[i], (counts.get(this.labels[i]) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const classes = [...counts].filter(([label]) => label in this.classNames);
    this.counts.replaceChildren(
      ...classes
        .sort(([a], [b]) => a - b)
        .map(([label, count]) =>
          h(
            'li',
            {
              style: `--class: ${this.colours[label % this.colours.length]}; --share: ${count / most}`,
            },
            h('span', {}, this.classNames[label]),
            h('span', { 'data-testid': `aeviz-selection-count-${label}` }, String(count)),
          ),
        ),
    );
  }

  async #draw() {
    const { sprite, canvas, shown } = this;
    this.strip.hidden = !sprite;
    if (!sprite) return;
    const shrink = Math.min(1, LARGEST / Math.max(sprite.width, sprite.height));
    const [width, height] = [sprite.width, sprite.height].map((side) => Math.round(side * shrink));
    this.tile = (HEIGHT * width) / height;
    canvas.style.width = `${this.tile * shown.length}px`;
    canvas.style.height = `${HEIGHT}px`;
    await sprite.ready;
    if (shown !== this.shown) return; // the selection has changed meanwhile
    Object.assign(canvas, { width: width * shown.length, height });
    const context = context2d(canvas);
    shown.forEach((index, i) => {
      const x = (index % sprite.columns) * sprite.width;
      const y = Math.floor(index / sprite.columns) * sprite.height;
      context.drawImage(sprite.image, x, y, sprite.width, sprite.height, i * width, 0, width, height);
    });
  }
}
