/** The scrubber: epochs from left to right over the curve of their losses. */

import { context2d, h, themeColour } from '../../static/dom.js';
import { keyTarget } from './playhead.js';

const PAD = 10; // pixels at either end, half a knob
const TOP = 8;
const TRACK = 9; // from the bottom to the line that the knob runs on
const TICKS_MOST = 60;

export class Timeline {
  /** @param {(time: number, settle: boolean) => void} onScrub  `settle`: the drag has ended */
  constructor(onScrub) {
    this.onScrub = onScrub;
    /** @type {HTMLCanvasElement} */
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    /** @type {HTMLElement} */
    this.element = h(
      'div',
      {
        class: 'replay-timeline',
        role: 'slider',
        tabindex: '0',
        'aria-label': 'Epoch',
        'data-testid': 'aeviz-replay-scrubber',
      },
      this.canvas,
    );
    this.context = context2d(this.canvas);
    this.width = 0; // CSS pixels; 0 before it is laid out
    this.height = 0;
    this.scale = 1; // canvas pixels in a CSS pixel
    this.text = this.accent = this.ground = '#888';
    /** @type {number[]} */
    this.epochs = [];
    /** @type {Map<number, number>} the validation loss of each epoch */
    this.losses = new Map();
    this.to = 1;
    this.time = 0;
    this.held = false; // by a finger or the mouse
    this.listen();
  }

  /**
   * @param {number[]} epochs  that can be drawn
   * @param {[number, number][]} losses  by epoch
   * @param {number} to  the epoch at the right end
   */
  show(epochs, losses, to) {
    this.epochs = epochs;
    this.losses = new Map(losses);
    this.to = Math.max(1, to);
    this.element.setAttribute('aria-valuemin', String(epochs[0] ?? 0));
    this.element.setAttribute('aria-valuemax', String(epochs.at(-1) ?? 0));
  }

  fit() {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    [this.width, this.height] = [this.element.clientWidth, this.element.clientHeight];
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.scale = scale;
    this.text = themeColour(this.element, '--st-text-color') || '#888';
    this.accent = themeColour(this.element, '--st-primary-color') || '#888';
    this.ground = themeColour(this.element, '--st-background-color') || '#fff';
  }

  /** @param {number} time @param {string} text  that, in words */
  draw(time, text) {
    this.time = time;
    this.element.setAttribute('aria-valuenow', time.toFixed(2));
    this.element.setAttribute('aria-valuetext', text);
    if (!this.width) return;
    const { context, width, height } = this;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const floor = height - TRACK;
    const now = this.x(time);
    const end = this.x(this.epochs.at(-1) ?? 0);
    this.hill(now, floor);
    this.bar(PAD, width - PAD, floor, this.text, 0.14);
    this.bar(PAD, end, floor, this.text, 0.26);
    this.bar(PAD, now, floor, this.accent, 1);
    if (this.epochs.length <= TICKS_MOST) {
      for (const epoch of this.epochs) {
        const x = this.x(epoch);
        this.dot(x, floor, 2.25, x <= now ? this.accent : this.text, x <= now ? 1 : 0.5);
      }
    }
    context.globalAlpha = 0.5;
    context.strokeStyle = this.accent;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(now, TOP - 4);
    context.lineTo(now, floor);
    context.stroke();
    this.dot(now, floor, 9, this.ground, 1);
    this.dot(now, floor, 7, this.accent, 1);
    context.globalAlpha = 1;
  }

  /** The loss over the epochs as an area: opaque up to the current position. @param {number} now @param {number} floor  pixels */
  hill(now, floor) {
    const known = [...this.losses]
      .filter(([, loss]) => Number.isFinite(loss))
      .map(([epoch, loss]) => ({ x: this.x(epoch), loss }));
    if (known.length < 2) return;
    const values = known.map(({ loss }) => loss);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = floor - TOP - 6;
    const y = (/** @type {number} */ loss) => floor - 6 - room * Math.sqrt((loss - low) / (high - low || 1));
    const { context } = this;
    const path = () => {
      context.beginPath();
      for (const { x, loss } of known) context.lineTo(x, y(loss));
    };
    /** @param {number} from @param {number} to @param {number} opacity @param {string} colour */
    const half = (from, to, opacity, colour) => {
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, floor);
      context.clip();
      path();
      context.globalAlpha = opacity * 2;
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = 1.5;
      context.lineJoin = 'round';
      context.stroke();
      context.lineTo(known[known.length - 1].x, floor);
      context.lineTo(known[0].x, floor);
      context.globalAlpha = opacity / 2;
      context.fill();
      context.restore();
    };
    half(0, now, 0.42, this.accent);
    half(now, this.width, 0.18, this.text);
  }

  /** @param {number} from @param {number} to @param {number} y @param {string} colour @param {number} opacity */
  bar(from, to, y, colour, opacity) {
    const { context } = this;
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(from, y - 2, Math.max(0, to - from), 4, 2);
    context.fill();
  }

  /** @param {number} x @param {number} y @param {number} radius @param {string} colour @param {number} opacity */
  dot(x, y, radius, colour, opacity) {
    const { context } = this;
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }

  /** The position of an epoch, in CSS pixels. @param {number} epoch */
  x(epoch) {
    return PAD + (epoch / this.to) * (this.width - 2 * PAD);
  }

  listen() {
    const { element } = this;
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, width } = element.getBoundingClientRect();
      const share = (event.clientX - left - PAD) / Math.max(1, width - 2 * PAD);
      return share * this.to;
    };
    element.onpointerdown = (event) => {
      if (event.button) return;
      this.held = true;
      element.setPointerCapture(event.pointerId);
      this.onScrub(at(event), false);
    };
    element.onpointermove = (event) => {
      if (this.held) this.onScrub(at(event), false);
    };
    element.onpointerup = (event) => {
      if (this.held) this.onScrub(at(event), true);
      this.held = false;
    };
    element.onpointercancel = () => {
      this.held = false;
    };
    element.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const time = keyTarget(event.key, this.epochs, this.time);
      if (time === null) return;
      event.preventDefault();
      this.time = time; // a second key may come before the next frame shows it
      this.onScrub(time, true);
    };
  }
}
