/**
 * From one class to another: the difference of their mean codes, added to the code as often as the
 * slider says. In the address: `from` and `to`, the classes' numbers, and `amount`.
 */

import { flat } from './decoding.js';
import { atMostEvery, h } from './dom.js';
import { newestOnly } from './follow.js';
import { classMeans, direction, moved } from './paths.js';
import { Strip } from './strip.js';

/** @import { Gallery } from './gallery.js' */
/** @import { Stage } from './modes.js' */
/** @import { View } from './state.js' */
/** @typedef {Pick<View, 'z' | 'point'>} Kept */

const MOST = 2;
const STEP = 0.05;
const FRAMES = 7;
const REDRAW_MS = 80; // while the code is dragged: the drag comes first

/** The classes that codes belong to, by their numbers. @param {(Float64Array | null)[]} means */
const labelsOf = (means) => [...means.keys()].filter((label) => means[label]);

/** Says why there is no direction. @param {Gallery} gallery */
export function whyNoDirection(gallery) {
  const text = labelsOf(classMeans(gallery)).length
    ? 'All codes of this gallery are of one class, so there is no direction from one class to another.'
    : 'This model has no codes with classes, so there is no direction from one class to another.';
  return h('p', { class: 'aeviz-muted aeviz-direction' }, text);
}

/** @typedef {(z: Float32Array, point: number | null, time: number) => void} OnGo  moves the code */

export class ClassDirection {
  /**
   * The direction between two classes; null if there are no two.
   * @param {Stage} stage
   * @param {number[]} classes  from and to, if the address names none
   * @param {OnGo} onGo
   */
  static of(stage, classes, onGo) {
    const means = classMeans(stage.gallery);
    const labels = labelsOf(means);
    const { from, to } = stage.state.view.params;
    const wanted = [from, to].map((text) => (text ? Number(text) : -1));
    const ends = [wanted, classes, labels].find(
      ([one, other]) => one !== other && means[one] && means[other],
    );
    return ends ? new ClassDirection(stage, { means, labels, ends: ends.slice(0, 2) }, onGo) : null;
  }

  /**
   * @param {Stage} stage
   * @param {{means: (Float64Array | null)[], labels: number[], ends: number[]}} classes
   * @param {OnGo} onGo
   */
  constructor(stage, { means, labels, ends }, onGo) {
    this.stage = stage;
    this.onGo = onGo;
    this.means = means;
    this.ends = ends;
    const { params, z, point } = stage.state.view;
    this.amount = Math.min(MOST, Math.max(-MOST, Number(params.amount) || 0));
    /** The code that is moved: the current one without the amount. @type {Kept} */
    this.base = this.amount ? { z: moved(z, this.way, -this.amount), point: null } : { z, point };
    const { classNames, imageShape } = stage.gallery;
    /** @type {HTMLSelectElement[]} */
    this.selects = ['from', 'to'].map((name, end) =>
      h(
        'select',
        {
          class: 'aeviz-select',
          'aria-label': `Direction ${name} class`,
          'data-testid': `aeviz-${name}`,
          onchange: (event) => this.choose(end, Number(this.selects[end].value), event.timeStamp),
        },
        ...labels.map((label) => h('option', { value: label }, classNames[label])),
      ),
    );
    this.strip = new Strip(imageShape, FRAMES, {
      testid: 'aeviz-strip-direction',
      label: `The code, moved by −${MOST} to ${MOST} times the direction`,
      onChoose: (frame, time) => this.go(amountOf(frame), time),
    });
    /** @type {HTMLInputElement} */
    this.input = h('input', {
      type: 'range',
      min: -MOST,
      max: MOST,
      step: STEP,
      'data-testid': 'aeviz-amount',
      'aria-label': 'Amount',
      title: 'Double-click: back to 0',
      oninput: (event) => this.go(this.input.valueAsNumber, event.timeStamp),
      ondblclick: (event) => this.go(0, event.timeStamp),
    });
    this.output = h('output', { class: 'aeviz-readout' });
    this.note = h('p', { class: 'aeviz-muted' });
    this.element = this.build();
    this.decode = newestOnly((/** @type {Float32Array} */ codes) => this.draw(codes));
    this.redraw = atMostEvery(REDRAW_MS, () => this.decode(flat(this.codes)));
    this.remember();
    this.show();
    this.redraw();
  }

  build() {
    const [from, to] = this.selects;
    return h(
      'section',
      {
        class: 'aeviz-direction',
        'aria-label': 'Class direction',
        'data-chosen': true,
        style: `--frame: ${100 / FRAMES}%`,
      },
      h(
        'div',
        { class: 'aeviz-bar' },
        h('h4', {}, 'Move from class'),
        from,
        h('span', {}, 'to'),
        to,
        this.output,
      ),
      this.strip.element,
      h('div', { class: 'aeviz-slider aeviz-along' }, this.input),
      this.note,
    );
  }

  /** The code at the end of the direction. */
  get way() {
    const [from, to] = this.ends.map((label) => this.means[label] ?? []);
    return direction(from, to);
  }

  /** The codes of the strip. */
  get codes() {
    const { way } = this;
    return Array.from({ length: FRAMES }, (_, frame) => moved(this.base.z, way, amountOf(frame)));
  }

  /** @param {Float32Array} codes */
  async draw(codes) {
    const { client, signal } = this.stage;
    const pixels = await client.decode(codes);
    if (!signal.aborted) this.strip.draw(pixels);
  }

  /**
   * Choose another class at one end. If both ends would be the same class, swap them.
   * @param {number} end
   * @param {number} label
   * @param {number} time
   */
  choose(end, label, time) {
    const other = 1 - end;
    if (label === this.ends[other]) this.ends[other] = this.ends[end];
    this.ends[end] = label;
    this.redraw();
    if (this.amount) this.go(this.amount, time);
    else this.remember();
    this.show();
  }

  /** Move the code by `amount` from its original position. @param {number} amount @param {number} time */
  go(amount, time) {
    this.amount = amount;
    const { z, point } = this.base;
    if (amount) this.onGo(moved(z, this.way, amount), null, time);
    else this.onGo(z, point, time);
    this.remember();
    this.show();
  }

  /** Start again from this code, which was moved by other means. @param {Kept} kept */
  begin({ z, point }) {
    this.base = { z, point };
    this.redraw();
    if (!this.amount) return;
    this.amount = 0;
    this.remember();
    this.show();
  }

  remember() {
    const [from, to] = this.ends;
    this.stage.state.remember({ from, to, amount: this.amount ? Number(this.amount.toFixed(3)) : null });
  }

  show() {
    const { amount, selects, ends } = this;
    const [from, to] = ends.map((label) => this.stage.gallery.classNames[label]);
    this.note.textContent = `Moves the code in the direction from the average ${from} to the average ${to}.`;
    selects.forEach((select, end) => {
      select.value = String(ends[end]);
    });
    const share = (amount + MOST) / (2 * MOST);
    const text = `× ${amount.toFixed(2).replace('-', '−')}`;
    this.input.value = String(amount);
    this.input.style.setProperty('--fill', `${100 * share}%`);
    this.input.setAttribute('aria-valuetext', text);
    this.output.textContent = text;
    this.strip.point(share);
  }
}

/** @param {number} frame */
function amountOf(frame) {
  return MOST * ((2 * frame) / (FRAMES - 1) - 1);
}
