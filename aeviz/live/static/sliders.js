/** One slider per latent dimension, the most informative first. Native ranges: keys and touch work. */

import { h } from './dom.js';

const STEPS = 400;
const FIRST_SHOWN = 16;
const MOST_SHOWN = 64;

export class Sliders {
  /**
   * @param {import('./gallery.js').Dimension[]} dims
   * @param {(dimension: number, value: number, time: number) => void} onInput
   */
  constructor(dims, onInput) {
    this.rows = dims.slice(0, MOST_SHOWN).map((dim, rank) => new Slider(dim, rank, onInput));
    this.list = h('div', { class: 'aeviz-sliders' }, ...this.rows.map(({ element }) => element));
    this.element = h('div', {}, this.list);
    this.hidden = this.rows.slice(FIRST_SHOWN);
    if (this.hidden.length) this.element.append(this.fold(dims.length));
  }

  /** Show these values; the slider that is being moved already has its own. */
  show(z) {
    for (const row of this.rows) row.show(z[row.index]);
  }

  fold(total) {
    const toggle = (open) => {
      for (const { element } of this.hidden) element.hidden = !open;
      button.textContent = open
        ? `Show the first ${FIRST_SHOWN}`
        : `Show ${this.rows.length}${total > this.rows.length ? ` of ${total}` : ''} dimensions`;
      button.onclick = () => toggle(!open);
      button.setAttribute('aria-expanded', open);
    };
    const button = h('button', { class: 'aeviz-quiet', type: 'button' });
    toggle(false);
    return button;
  }
}

class Slider {
  constructor({ index, low, high, active, information }, rank, onInput) {
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
      'aria-label': `z${index}${active ? '' : ', carries nothing'}`,
      oninput: (event) => {
        const value = low + this.step * this.input.valueAsNumber;
        this.write(value);
        onInput(index, value, event.timeStamp);
      },
    });
    this.value = h('output', {});
    this.element = h(
      'label',
      {
        class: active ? 'aeviz-slider' : 'aeviz-slider aeviz-idle',
        title: active
          ? `Dimension ${index}: information ${information.toPrecision(2)}`
          : `Dimension ${index} carries nothing: the decoder ignores it`,
      },
      h('span', {}, 'z', h('sub', {}, String(index))),
      this.input,
      this.value,
    );
  }

  show(value) {
    this.input.value = String(Math.round((value - this.low) / this.step));
    this.write(value);
  }

  write(value) {
    const text = value.toFixed(2).replace('-', '−');
    this.value.textContent = text;
    this.input.setAttribute('aria-valuetext', text);
    this.input.style.setProperty('--fill', `${(100 * this.input.valueAsNumber) / STEPS}%`);
  }
}
