/**
 * A chart for drawing a prediction: one handle at each tick of the x axis, moved by pointer, finger
 * or arrow keys. The heights are passed to Python as the value `guess`, a list of numbers,
 * when a drag has ended and all handles are placed.
 */

import { h } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 260, 64, 16, 12, 44];
const KEY_SHARE = 0.02; // of the height, per press of an arrow key

/**
 * @typedef {object} Question
 * @property {string[]} places  labels of the x axis
 * @property {number} low  value at the bottom
 * @property {number} high  value at the top
 * @property {string} xLabel
 * @property {string} yLabel
 * @property {boolean} line  whether the handles are joined
 * @property {number[] | null} guess  the earlier prediction
 * @property {string} testid
 *
 * @typedef {{data: Question, parentElement: HTMLElement,
 *   setStateValue: (name: string, value: unknown) => void}} Component
 */

/** @type {WeakMap<HTMLElement, Sketch>} */
const sketches = new WeakMap();

/** @param {Component} component */
export default (component) => {
  const { parentElement, data } = component;
  let sketch = sketches.get(parentElement);
  if (!sketch?.answers(data)) {
    sketch?.root.remove();
    sketch = new Sketch(parentElement, data);
    sketches.set(parentElement, sketch);
  }
  sketch.send = (heights) => component.setStateValue('guess', heights);
  return () => {};
};

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} text
 */
const draw = (name, attributes, text = '') => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
};

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(2)));

class Sketch {
  /**
   * @param {HTMLElement} parent
   * @param {Question} question
   */
  constructor(parent, question) {
    this.question = question;
    /** @type {(number | null)[]} shares of the height, from 0 at the bottom to 1 */
    this.shares = question.places.map((_, i) => {
      const value = question.guess?.[i];
      return value === undefined ? null : this.shareOf(value);
    });
    /** @type {(heights: number[]) => void} */
    this.send = () => {};
    this.svg = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'av-predict-chart' });
    this.svg.append(...this.axes());
    this.line = draw('polyline', { class: 'av-predict-line' });
    this.handles = question.places.map((place, i) => this.handle(place, i));
    this.svg.append(this.line, ...this.handles);
    this.root = h('div', { class: 'aeviz av-predict', 'data-testid': question.testid }, this.svg);
    parent.append(this.root);
    this.svg.addEventListener('pointerdown', (event) => this.begin(event));
    this.paint();
  }

  /** @param {Question} question */
  answers(question) {
    const { guess: _, ...mine } = this.question;
    const { guess: __, ...theirs } = question;
    return JSON.stringify(mine) === JSON.stringify(theirs);
  }

  /** @param {number} value */
  shareOf(value) {
    const { low, high } = this.question;
    return Math.min(1, Math.max(0, (value - low) / (high - low)));
  }

  /** @param {number} share */
  valueOf(share) {
    const { low, high } = this.question;
    return low + share * (high - low);
  }

  /** @param {number} i */
  x(i) {
    const count = this.question.places.length;
    return LEFT + ((i + 0.5) / count) * (WIDTH - LEFT - RIGHT);
  }

  /** @param {number} share */
  y(share) {
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  }

  axes() {
    const { places, low, high, xLabel, yLabel } = this.question;
    const ticks = [0, 0.25, 0.5, 0.75, 1];
    return [
      ...ticks.map((share) =>
        draw('line', {
          class: 'av-predict-grid',
          x1: LEFT,
          x2: WIDTH - RIGHT,
          y1: this.y(share),
          y2: this.y(share),
        }),
      ),
      ...ticks.map((share) =>
        draw(
          'text',
          { class: 'av-predict-tick', x: LEFT - 8, y: this.y(share) + 4, 'text-anchor': 'end' },
          short(low + share * (high - low)),
        ),
      ),
      ...places.map((place, i) =>
        draw(
          'text',
          { class: 'av-predict-tick', x: this.x(i), y: HEIGHT - BOTTOM + 18, 'text-anchor': 'middle' },
          place,
        ),
      ),
      draw(
        'text',
        { class: 'av-predict-label', x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' },
        xLabel,
      ),
      draw(
        'text',
        {
          class: 'av-predict-label',
          x: 0,
          y: 0,
          'text-anchor': 'middle',
          transform: `translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`,
        },
        yLabel,
      ),
    ];
  }

  /**
   * @param {string} place
   * @param {number} i
   */
  handle(place, i) {
    const { low, high } = this.question;
    const handle = draw('circle', {
      class: 'av-predict-handle',
      r: 9,
      cx: this.x(i),
      tabindex: 0,
      role: 'slider',
      'aria-label': `Your prediction at ${place}`,
      'aria-valuemin': low,
      'aria-valuemax': high,
    }); // prettier-ignore
    handle.addEventListener('keydown', (event) => this.key(/** @type {KeyboardEvent} */ (event), i));
    return handle;
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} i
   */
  key(event, i) {
    const step = { ArrowUp: KEY_SHARE, ArrowDown: -KEY_SHARE, PageUp: 0.1, PageDown: -0.1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.shares[i] = Math.min(1, Math.max(0, (this.shares[i] ?? 0.5) + step));
    this.paint();
    this.tell();
  }

  /** @param {Event} event */
  begin(event) {
    const down = /** @type {PointerEvent} */ (event);
    down.preventDefault();
    this.svg.setPointerCapture(down.pointerId);
    const move = (/** @type {Event} */ moved) => this.follow(/** @type {PointerEvent} */ (moved));
    const end = () => {
      this.svg.removeEventListener('pointermove', move);
      this.svg.removeEventListener('pointerup', end);
      this.svg.removeEventListener('pointercancel', end);
      this.tell();
    };
    this.svg.addEventListener('pointermove', move);
    this.svg.addEventListener('pointerup', end);
    this.svg.addEventListener('pointercancel', end);
    this.follow(down);
  }

  /** @param {PointerEvent} event */
  follow(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    const count = this.question.places.length;
    const i = Math.floor(((x - LEFT) / (WIDTH - LEFT - RIGHT)) * count);
    if (i < 0 || i >= count) return;
    this.shares[i] = Math.min(1, Math.max(0, 1 - (y - TOP) / (HEIGHT - TOP - BOTTOM)));
    this.paint();
  }

  paint() {
    const placed = this.shares.map((share, i) => (share === null ? '' : `${this.x(i)},${this.y(share)}`));
    const points = this.question.line ? placed.filter(Boolean).join(' ') : '';
    this.line.setAttribute('points', points);
    this.handles.forEach((handle, i) => {
      const share = this.shares[i];
      handle.setAttribute('cy', String(this.y(share ?? 0.5)));
      handle.classList.toggle('av-predict-unset', share === null);
      handle.setAttribute('aria-valuenow', String(this.valueOf(share ?? 0.5)));
      handle.setAttribute('aria-valuetext', share === null ? 'not placed yet' : short(this.valueOf(share)));
    });
  }

  tell() {
    if (this.shares.some((share) => share === null)) return;
    this.send(this.shares.map((share) => Number(this.valueOf(share ?? 0).toPrecision(3))));
  }
}
