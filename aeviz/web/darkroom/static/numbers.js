/** PSNR and SSIM before and after, in large type, where there is a clean picture to measure against. */

import { h } from '../../static/dom.js';
import { getJson } from './api.js';
import { session } from './session.js';

const PAUSE_MS = 200; // the picture follows the hand without the server; its figures once it rests

export class Numbers {
  constructor() {
    this.psnr = figure('PSNR', 'dB', 'aeviz-psnr', '10 dB more is a tenth of the squared error');
    this.ssim = figure('SSIM', '', 'aeviz-ssim', 'Likeness of local patterns; 1 is identical');
    this.element = h('div', { class: 'dr-numbers' }, this.psnr.element, this.ssim.element);
    /**
     * Figures that were asked for, by result and strength, of each reference: null where there are none.
     * @type {WeakMap<import('./photos.js').Score, Map<string, import('./photos.js').Score | null>>}
     */
    this.known = new WeakMap();
    this.last = { before: null, result: null, scores: null };
  }

  update() {
    const before = session.variant?.info?.before;
    this.element.hidden = !before;
    if (!before) return;
    const after = this.after(before);
    this.psnr.show(before.psnr, after?.psnr, 1);
    this.ssim.show(before.ssim, after?.ssim, 2);
  }

  /**
   * Of the method on the right, at the strength that is chosen. The server is asked for the weaker
   * ones; until it answers, the last figures of the same result stand.
   * @param {import('./photos.js').Score} before
   */
  after(before) {
    const result = session.job(session.chosen)?.result;
    if (!result) return null;
    const strength = Math.round(100 * session.strength());
    if (strength === 100 && result.scores) return result.scores;
    if (!this.known.has(before)) this.known.set(before, new Map());
    const scores = this.known.get(before).get(`${result.result}:${strength}`);
    if (scores === undefined) this.ask(before, result, strength);
    else this.last = { before, result, scores };
    return this.last.result === result && this.last.before === before ? this.last.scores : result.scores;
  }

  ask(before, result, strength) {
    const what = `${result.result}:${strength}`;
    if (this.asked === what) return;
    this.asked = what;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      try {
        const scores = await getJson(`results/${result.result}/scores?strength=${strength}`);
        this.known.get(before).set(what, scores);
        if (strength === 100) result.scores = scores;
        session.changed();
      } catch {
        // The picture is right without them; the next change asks again.
      }
      if (this.asked === what) this.asked = null;
    }, PAUSE_MS);
  }
}

function figure(label, unit, testid, title) {
  const from = h('i', {});
  const to = h('b', {});
  const gain = h('span', { class: 'dr-gain' });
  const element = h(
    'div',
    { class: 'dr-figure', title, 'data-testid': testid },
    h('span', { class: 'aeviz-muted' }, label),
    h('div', {}, from, to, h('small', {}, unit), gain),
  );
  const show = (before, after, digits) => {
    const text = (value) => told(value, digits);
    from.textContent = after === undefined || after === null ? '' : `${text(before)} → `;
    to.textContent = text(after ?? before);
    element.dataset.better = after > before;
  };
  return { element, show };
}

/** A figure in words; the PSNR of what is the same has no end. */
export function told(value, digits) {
  return value >= 99 ? '∞' : value.toFixed(digits);
}
