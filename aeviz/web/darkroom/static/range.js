/** A slider with its name and value above the track. */

import { h } from '../../static/dom.js';

export class Range {
  /**
   * @param {{label: string, testid: string, title?: string, onInput: (value: number) => void,
   *   onRelease?: (value: number) => void}} options
   *   `onInput` is called during a drag, `onRelease` at its end
   */
  constructor({ label, testid, title, onInput, onRelease = () => {} }) {
    this.name = h('span', {}, label);
    this.value = h('output', {});
    this.input = h('input', {
      type: 'range',
      'data-testid': testid,
      'aria-label': label,
      oninput: () => {
        onInput(this.input.valueAsNumber);
      },
      onchange: () => {
        onRelease(this.input.valueAsNumber);
      },
    });
    this.element = h('div', { class: 'dr-range aeviz-slider', title }, this.name, this.value, this.input);
  }

  /** @param {{low: number, high: number, step?: number, label?: string}} range */
  within({ low, high, step = 1, label }) {
    Object.assign(this.input, { min: low, max: high, step });
    if (!label) return;
    this.name.textContent = label;
    this.input.setAttribute('aria-label', label);
  }

  /** @param {number} value @param {string} text  the value as text */
  show(value, text) {
    this.input.valueAsNumber = value;
    const [low, high] = [Number(this.input.min), Number(this.input.max)];
    const share = (this.input.valueAsNumber - low) / (high - low || 1);
    this.input.style.setProperty('--fill', `${100 * share}%`);
    this.input.setAttribute('aria-valuetext', text);
    if (this.value.textContent !== text) this.value.textContent = text;
  }
}
