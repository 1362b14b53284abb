/**
 * From one class to another: the difference of their mean codes, added to the code as often as the
 * slider says. In the address: `from` and `to`, the classes' numbers, and `amount`.
 */

import { flat } from './decoding.js';
import { atMostEvery, h } from './dom.js';
import { newestOnly } from './follow.js';
import { classMeans, direction, moved } from './paths.js';
import { Strip } from './strip.js';

const MOST = 2;
const STEP = 0.05;
const FRAMES = 7;
const REDRAW_MS = 80; // while the code is dragged: the drag comes first

export class ClassDirection {
  /**
   * @param {import('./modes.js').Stage} stage
   * @param {number[]} classes  from and to, where the address names none
   * @param {(z: Float32Array, point: number | null, time: number) => void} onGo  moves the code
   */
  constructor(stage, classes, onGo) {
    Object.assign(this, { stage, onGo });
    const { gallery, state } = stage;
    this.means = classMeans(gallery);
    this.labels = [...this.means.keys()].filter((label) => this.means[label]);
    if (this.labels.length < 2) {
      this.element = h(
        'p',
        { class: 'aeviz-muted aeviz-direction' },
        this.labels.length
          ? 'All codes of this gallery are of one class, so there is no direction from one class to another.'
          : 'This model has no codes with classes, so there is no direction from one class to another.',
      );
      return;
    }
    const { params, z, point } = state.view;
    const wanted = [params.from, params.to].map((text) => (text ? Number(text) : null));
    this.ends = [wanted, classes, this.labels]
      .find(([from, to]) => from !== to && this.means[from] && this.means[to])
      .slice(0, 2);
    const amount = Number(params.amount) || 0;
    this.amount = Math.min(MOST, Math.max(-MOST, amount));
    /** The code that is moved: the one on the screen without the amount. */
    this.base = this.amount ? { z: moved(z, this.way, -this.amount), point: null } : { z, point };
    this.build();
    this.decode = newestOnly((codes) => this.draw(codes));
    this.redraw = atMostEvery(REDRAW_MS, () => this.decode(flat(this.codes)));
    this.remember();
    this.show();
    this.redraw();
  }

  build() {
    const { classNames, imageShape } = this.stage.gallery;
    this.selects = ['from', 'to'].map((name, end) =>
      h(
        'select',
        {
          class: 'aeviz-select',
          'aria-label': `Direction ${name} class`,
          'data-testid': `aeviz-${name}`,
          onchange: (event) => this.choose(end, Number(event.target.value), event.timeStamp),
        },
        ...this.labels.map((label) => h('option', { value: label }, classNames[label])),
      ),
    );
    this.strip = new Strip(imageShape, FRAMES, {
      testid: 'aeviz-strip-direction',
      label: `The code, moved by −${MOST} to ${MOST} times the direction`,
      onChoose: (frame, time) => this.go(amountOf(frame), time),
    });
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
    const [from, to] = this.selects;
    this.element = h(
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

  /** Where the direction leads, as a code. */
  get way() {
    const [from, to] = this.ends.map((label) => this.means[label]);
    return direction(from, to);
  }

  /** The codes of the strip. */
  get codes() {
    const { way } = this;
    return Array.from({ length: FRAMES }, (_, frame) => moved(this.base.z, way, amountOf(frame)));
  }

  async draw(codes) {
    const { client, signal } = this.stage;
    const pixels = await client.decode(codes);
    if (!signal.aborted) this.strip.draw(pixels);
  }

  /** Another class at one end; the same at both would lead nowhere, so then they change places. */
  choose(end, label, time) {
    const other = 1 - end;
    if (label === this.ends[other]) this.ends[other] = this.ends[end];
    this.ends[end] = label;
    this.redraw();
    if (this.amount) this.go(this.amount, time);
    else this.remember();
    this.show();
  }

  /** Move the code by `amount` from where it was. */
  go(amount, time) {
    this.amount = amount;
    const { z, point } = this.base;
    if (amount) this.onGo(moved(z, this.way, amount), null, time);
    else this.onGo(z, point, time);
    this.remember();
    this.show();
  }

  /** Begin from this code: it has been moved otherwise. @param {import('./state.js').View} view */
  begin({ z, point }) {
    if (!this.strip) return;
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

function amountOf(frame) {
  return MOST * ((2 * frame) / (FRAMES - 1) - 1);
}
