/**
 * A drawing pad of the model's image size: the drawing is encoded and decoded as the pen moves.
 *
 * Draws white on black, like MNIST, with a soft round pen; Clear empties it.
 */

import { Picture } from './canvas.js';
import { centred } from './centred.js';
import { h } from './dom.js';
import { toBytes } from './follow.js';

/** @import { Point } from './types.js' */

const PEN = 0.075; // radius as a share of the pad's width
const SOFT = 0.5; // share of the radius over which the pen fades

export class DrawingPad {
  /**
   * @param {import('./types.js').ImageShape} imageShape
   * @param {(image: Float32Array, time: number) => void} onChange  H * W * C values in [0, 1]
   * @param {{centre?: boolean}} [options]  `centre`: `onChange` gets the drawing moved to the middle, as
   *   handwriting is in the model's data; the pad shows it where it was drawn
   */
  constructor(imageShape, onChange, { centre = false } = {}) {
    const [channels, height, width] = imageShape;
    this.channels = channels;
    this.height = height;
    this.width = width;
    /** @param {Float32Array} image @param {number} time */
    this.onChange = (image, time) => onChange(centre ? centred(image, imageShape) : image, time);
    this.picture = new Picture(imageShape, {
      'data-testid': 'aeviz-drawing',
      'aria-label': 'Drawing pad',
      class: 'aeviz-pixels aeviz-pad',
    });
    this.image = new Float32Array(this.width * this.height * this.channels);
    /** @type {Point | null} */
    this.last = null;
    const { canvas } = this.picture;
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = this.at(event);
      this.stroke(event);
    };
    canvas.onpointermove = (event) => {
      if (this.last) this.stroke(event);
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      this.last = null;
    };
    this.clearButton = h(
      'button',
      {
        type: 'button',
        class: 'aeviz-quiet',
        'data-testid': 'aeviz-clear',
        onclick: (event) => this.clear(event.timeStamp),
      },
      'Clear',
    );
    this.element = h('div', { class: 'aeviz-padframe' }, canvas, this.clearButton);
    this.show();
  }

  clear(time = performance.now()) {
    this.lay(new Float32Array(this.image.length), time);
  }

  /** Replace the drawing by a picture. @param {Float32Array} image */
  lay(image, time = performance.now()) {
    this.image.set(image);
    this.changed(time);
  }

  /** @param {number} time */
  changed(time) {
    this.show();
    this.onChange(this.image.slice(), time);
  }

  /** Whether nothing is drawn. */
  get empty() {
    return this.image.every((value) => value === 0);
  }

  /**
   * Draw from the last position to this event's, through all coalesced events.
   * @param {PointerEvent} event
   */
  stroke(event) {
    const places = event.getCoalescedEvents?.().map((part) => this.at(part)) ?? [];
    for (const to of places.length ? places : [this.at(event)]) {
      this.line(this.last ?? to, to);
      this.last = to;
    }
    this.changed(event.timeStamp);
  }

  /** @param {PointerEvent} event @returns {Point} */
  at(event) {
    const box = this.picture.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.width,
      ((event.clientY - box.top) / box.height) * this.height,
    ];
  }

  /** @param {Point} from @param {Point} to */
  line([x0, y0], [x1, y1]) {
    const radius = PEN * this.width;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - radius));
    const right = Math.min(this.width - 1, Math.ceil(Math.max(x0, x1) + radius));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
    const bottom = Math.min(this.height - 1, Math.ceil(Math.max(y0, y1) + radius));
    const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    for (let y = top; y <= bottom; y += 1) {
      for (let x = left; x <= right; x += 1) {
        const [px, py] = [x + 0.5, y + 0.5];
        const along = length2 ? ((px - x0) * (x1 - x0) + (py - y0) * (y1 - y0)) / length2 : 0;
        const t = Math.min(1, Math.max(0, along));
        const distance = Math.hypot(px - x0 - t * (x1 - x0), py - y0 - t * (y1 - y0));
        const ink = Math.min(1, Math.max(0, (radius - distance) / (SOFT * radius)));
        const place = (y * this.width + x) * this.channels;
        for (let c = place; c < place + this.channels; c += 1) {
          this.image[c] = Math.max(this.image[c], ink);
        }
      }
    }
  }

  show() {
    this.picture.draw(toBytes(this.image));
  }
}
