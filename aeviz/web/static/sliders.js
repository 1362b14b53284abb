/**
 * One slider per latent dimension, the most informative first. Native ranges: keys and touch work.
 *
 * A double click, or Delete, resets a dimension to its mean. A locked one is moved only by its own
 * slider: `keepLocked` protects it from changes of the whole code.
 */

import { h } from './dom.js';

/** @import { Dimension } from './gallery.js' */
/** @typedef {(dimension: number, value: number, time: number) => void} OnInput */
/** @typedef {(dimension: number, locked: boolean) => void} OnLock */

const STEPS = 400;
const FIRST_SHOWN = 16;
const MOST_SHOWN = 64;

export class Sliders {
  /**
   * @param {Dimension[]} dims
   * @param {OnInput} onInput
   */
  constructor(dims, onInput) {
    /** Locked dimensions. @type {Set<number>} */
    this.locked = new Set();
    /** @type {OnLock} */
    const onLock = (dimension, on) => {
      if (on) this.locked.add(dimension);
      else this.locked.delete(dimension);
    };
    this.rows = dims.slice(0, MOST_SHOWN).map((dim, rank) => new Slider(dim, rank, onInput, onLock));
    this.list = h('div', { class: 'aeviz-sliders' }, ...this.rows.map(({ element }) => element));
    this.element = h('div', {}, this.list);
    this.hidden = this.rows.slice(FIRST_SHOWN);
    if (this.hidden.length) this.element.append(this.fold(dims.length));
  }

  /** Show these values; the slider that is being moved keeps its own. @param {ArrayLike<number>} z */
  show(z) {
    for (const row of this.rows) row.show(z[row.index]);
  }

  /**
   * The code z with its locked dimensions from `from`; z itself if that changes nothing.
   * @param {Float32Array} z
   * @param {ArrayLike<number>} from
   */
  keepLocked(z, from) {
    const changed = [...this.locked].filter((dimension) => z[dimension] !== from[dimension]);
    if (!changed.length) return z;
    const kept = Float32Array.from(z);
    for (const dimension of changed) kept[dimension] = from[dimension];
    return kept;
  }

  /** @param {number} total */
  fold(total) {
    /** @param {boolean} open */
    const toggle = (open) => {
      for (const { element } of this.hidden) element.hidden = !open;
      button.textContent = open
        ? `Show the first ${FIRST_SHOWN}`
        : `Show ${this.rows.length}${total > this.rows.length ? ` of ${total.toLocaleString('en')}` : ''} dimensions`;
      button.onclick = () => toggle(!open);
      button.setAttribute('aria-expanded', String(open));
    };
    const button = h('button', { class: 'aeviz-quiet', type: 'button' });
    toggle(false);
    return button;
  }
}

class Slider {
  /** @param {Dimension} dim @param {number} rank @param {OnInput} onInput @param {OnLock} onLock */
  constructor({ index, low, high, mean, active, information }, rank, onInput, onLock) {
    this.index = index;
    this.low = low;
    this.step = (high - low) / STEPS;
    this.input = h('input', {
      type: 'range',
      // The range counts steps: a step of 1 keeps arrow keys and values exact.
      min: 0,
      max: STEPS,
      step: 1,
      'data-testid': `aeviz-slider-${rank}`,
      'data-dimension': index,
      'aria-label': `z${index}${active ? '' : ', carries almost no information'}`,
      oninput: (event) => {
        const value = low + this.step * this.input.valueAsNumber;
        this.write(value);
        onInput(index, value, event.timeStamp);
      },
    });
    this.value = h('output', {});
    this.lock = h('button', {
      type: 'button',
      class: 'aeviz-lock',
      title: 'Lock: Sample, Reset and the map leave it as it is',
      'aria-label': `Lock z${index}`,
      'aria-pressed': 'false',
      'data-testid': `aeviz-lock-${rank}`,
      onclick: () => {
        const on = this.lock.getAttribute('aria-pressed') === 'false';
        this.lock.setAttribute('aria-pressed', String(on));
        onLock(index, on);
      },
    });
    const toMean = (/** @type {Event} */ event) => {
      this.show(mean);
      onInput(index, mean, event.timeStamp);
    };
    this.input.ondblclick = toMean;
    this.input.onkeydown = (event) => {
      if (event.key === 'Delete' || event.key === 'Backspace') toMean(event);
    };
    const about = active
      ? `Dimension ${index}: information ${information.toPrecision(2)}.`
      : `Dimension ${index} carries almost no information: moving it hardly changes the image.`;
    this.element = h(
      'div',
      { class: active ? 'aeviz-slider' : 'aeviz-slider aeviz-idle' },
      h('span', { title: about }, 'z', h('sub', {}, String(index))),
      h('span', { class: 'aeviz-range', title: `${about} Double-click: back to its mean.` }, this.input),
      this.value,
      this.lock,
    );
  }

  /** @param {number} value */
  show(value) {
    this.input.value = String(Math.round((value - this.low) / this.step));
    this.write(value);
  }

  /** @param {number} value */
  write(value) {
    const text = value.toFixed(2).replace('-', '−');
    this.value.textContent = text;
    this.input.setAttribute('aria-valuetext', text);
    this.input.style.setProperty('--fill', `${(100 * this.input.valueAsNumber) / STEPS}%`);
  }
}
