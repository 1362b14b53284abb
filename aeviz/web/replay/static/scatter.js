/** The map of the player: points with trails, over the prior's circles. */

import { context2d, h, themeColour } from '../../static/dom.js';
import { placesAt, viewAt } from './epochs.js';

const TRAIL = 0.3; // length of a trail in epochs
const TRAIL_OPACITY = 0.28;
const POINT_OPACITY = 0.92;
const LINE = 17; // pixels from one name to the next below it
const LINES = [0, LINE, -LINE, 2 * LINE, -2 * LINE]; // possible positions of a name, its own first

export class Scatter {
  /**
   * @param {string[]} classNames
   * @param {string[]} colours  of the classes
   * @param {boolean} gaussian  whether there is a prior
   */
  constructor(classNames, colours, gaussian) {
    this.classNames = classNames;
    this.colours = classNames.map((_, i) => colours[i % colours.length]);
    this.gaussian = gaussian;
    /** Classes that are not shown. @type {Set<number>} */
    this.hidden = new Set();
    /** @type {HTMLCanvasElement} */
    this.canvas = h('canvas', {
      class: 'replay-canvas',
      role: 'img',
      'data-testid': 'aeviz-replay-map',
      'aria-label': 'Codes of validation images by class, as they move while the network learns',
    });
    this.context = context2d(this.canvas);
    this.here = this.tail = new Float32Array(0);
    /** @type {HTMLElement} */
    this.element = h('div', { class: 'replay-map' }, this.canvas);
    this.side = 0; // of the map, in CSS pixels; 0 before it is laid out
    this.scale = 1; // canvas pixels in a CSS pixel
    this.text = this.ground = '#888';
    this.font = 'sans-serif';
    /** A point of each class. @type {HTMLCanvasElement[]} */
    this.sprites = [];
    this.spriteSide = 0;
  }

  /** Take over the screen's resolution and the theme's colours. */
  fit() {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const side = Math.max(1, this.element.clientWidth);
    this.side = side;
    this.canvas.width = this.canvas.height = Math.round(side * scale);
    this.scale = scale;
    this.text = themeColour(this.element, '--st-text-color') || '#888';
    this.ground = themeColour(this.element, '--st-background-color') || '#fff';
    this.font = themeColour(this.element, '--st-font') || 'sans-serif';
    this.sprites = this.colours.map((colour) => this.sprite(colour));
  }

  /**
   * @param {import('./epochs.js').Epoch[]} there  at least one
   * @param {number} time
   * @param {boolean} moving  whether to draw trails
   */
  draw(there, time, moving) {
    const {
      labels,
      places: { length },
    } = there[there.length - 1];
    if (!this.side || there.some(({ places }) => places.length !== length)) return;
    if (this.here.length !== length) {
      this.here = new Float32Array(length);
      this.tail = new Float32Array(length);
    }
    const { context, side } = this;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, side, side);
    const view = viewAt(there, time);
    this.toPixels(placesAt(there, time, this.here), view);
    this.lines(view);
    const behind = Math.max(there[0].epoch, time - TRAIL);
    if (moving && behind < time) {
      this.toPixels(placesAt(there, behind, this.tail), view);
      this.trails(labels);
    }
    context.globalAlpha = POINT_OPACITY;
    const half = this.spriteSide / 2;
    for (let i = 0; i < labels.length; i += 1) {
      const label = labels[i];
      if (this.hidden.has(label) || !this.sprites[label]) continue;
      const [x, y] = [this.here[2 * i] - half, this.here[2 * i + 1] - half];
      context.drawImage(this.sprites[label], x, y, this.spriteSide, this.spriteSide);
    }
    context.globalAlpha = 1;
    this.names(labels);
  }

  /** Convert points of the plane to CSS pixels. @param {Float32Array} places @param {import('./epochs.js').View} view */
  toPixels(places, { x, y, reach }) {
    const { side } = this;
    const factor = side / 2 / reach;
    for (let i = 0; i < places.length; i += 2) {
      places[i] = side / 2 + (places[i] - x) * factor;
      places[i + 1] = side / 2 - (places[i + 1] - y) * factor;
    }
  }

  /** The axes and, for a VAE, its prior: one, two and three sigmas. @param {import('./epochs.js').View} view */
  lines({ x, y, reach }) {
    const { context, side } = this;
    const factor = side / 2 / reach;
    const [cx, cy] = [side / 2 - x * factor, side / 2 + y * factor];
    context.strokeStyle = this.text;
    context.lineWidth = 1;
    context.globalAlpha = 0.1;
    context.beginPath();
    context.moveTo(cx, 0);
    context.lineTo(cx, side);
    context.moveTo(0, cy);
    context.lineTo(side, cy);
    context.stroke();
    if (this.gaussian) {
      const glow = context.createRadialGradient(cx, cy, 0, cx, cy, 3 * factor);
      for (let i = 0; i <= 6; i += 1)
        glow.addColorStop(i / 6, fade(this.text, Math.exp(-((i / 2) ** 2) / 2)));
      context.globalAlpha = 0.09;
      context.fillStyle = glow;
      context.fillRect(0, 0, side, side);
      context.globalAlpha = 0.16;
      for (const sigma of [1, 2, 3]) {
        context.beginPath();
        context.arc(cx, cy, sigma * factor, 0, 2 * Math.PI);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }

  /** @param {Int16Array} labels */
  trails(labels) {
    const { context, here, tail } = this;
    context.globalAlpha = TRAIL_OPACITY;
    context.lineWidth = 1.5;
    context.lineCap = 'round';
    this.colours.forEach((colour, label) => {
      if (this.hidden.has(label)) return;
      context.strokeStyle = colour;
      context.beginPath();
      for (let i = 0; i < labels.length; i += 1) {
        if (labels[i] !== label) continue;
        context.moveTo(tail[2 * i], tail[2 * i + 1]);
        context.lineTo(here[2 * i], here[2 * i + 1]);
      }
      context.stroke();
    });
    context.globalAlpha = 1;
  }

  /**
   * The classes' names at the centre of their points: a line or two higher or lower if there is another
   * name, and left out if there is no room at all.
   * @param {Int16Array} labels
   */
  names(labels) {
    const { context, here, side } = this;
    context.font = `600 13px ${this.font}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    /** @type {{x: number, y: number, reach: number}[]} */
    const written = [];
    this.classNames.forEach((name, label) => {
      if (this.hidden.has(label)) return;
      /** @type {number[]} */
      const members = [];
      for (let i = 0; i < labels.length; i += 1) if (labels[i] === label) members.push(i);
      if (!members.length) return;
      const reach = context.measureText(name).width / 2 + 3;
      const x = within(reach, median(members.map((i) => here[2 * i])), side - reach);
      const middle = median(members.map((i) => here[2 * i + 1]));
      const y = LINES.map((line) => within(9, middle + line, side - 9)).find(
        (at) =>
          !written.some(
            (other) => Math.abs(x - other.x) < reach + other.reach && Math.abs(at - other.y) < LINE,
          ),
      );
      if (y === undefined) return;
      written.push({ x, y, reach });
      context.strokeStyle = this.ground;
      context.lineWidth = 4;
      context.strokeText(name, x, y);
      context.fillStyle = this.text;
      context.fillText(name, x, y);
    });
  }

  /** A point of this colour with a thin rim in the background's colour, to separate neighbours. @param {string} colour */
  sprite(colour) {
    const radius = Math.max(2, this.side / 190);
    this.spriteSide = 2 * Math.ceil(radius + 1.5);
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = this.spriteSide * this.scale;
    const context = context2d(canvas);
    context.scale(this.scale, this.scale);
    context.translate(this.spriteSide / 2, this.spriteSide / 2);
    const disc = (/** @type {string} */ fill, /** @type {number} */ r) => {
      context.fillStyle = fill;
      context.beginPath();
      context.arc(0, 0, r, 0, 2 * Math.PI);
      context.fill();
    };
    disc(this.ground, radius + 0.7);
    disc(colour, radius);
    return canvas;
  }
}

/** @param {number} low @param {number} value @param {number} high */
const within = (low, value, high) => Math.max(low, Math.min(value, high));

/** @param {number[]} values */
function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** A theme colour with opacity `share`. @param {string} colour @param {number} share */
function fade(colour, share) {
  return `color-mix(in srgb, ${colour} ${(100 * share).toFixed(1)}%, transparent)`;
}
