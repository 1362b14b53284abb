/** PSNR and SSIM before and after, in large type, if there is a clean reference. */

import { h } from '../../static/dom.js';
import { getJson } from './api.js';
import { session } from './session.js';

const PAUSE_MS = 200; // the picture follows the slider without the server; its figures are requested when it stops

/**
 * @typedef {import('./photos.js').Score} Score
 * @typedef {import('./work.js').Result} Result
 */

export class Numbers {
  constructor() {
    this.psnr = figure('PSNR', 'dB', 'aeviz-psnr', '10 dB more is a tenth of the squared error');
    this.ssim = figure('SSIM', '', 'aeviz-ssim', 'Similarity of local patterns; 1 is identical');
    this.element = h('div', { class: 'dr-numbers' }, this.psnr.element, this.ssim.element);
    /**
     * Figures from the server, for each reference, by result and strength: null if there are none.
     * @type {WeakMap<Score, Map<string, Score | null>>}
     */
    this.known = new WeakMap();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {string | null} */
    this.pending = null;
    /** @type {{before: Score | null, result: Result | null, scores: Score | null}} */
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
   * The figures of the method on the right at the current strength. Below full strength they come from
   * the server; until they arrive, the last figures of the same result are shown.
   * @param {Score} before
   */
  after(before) {
    const result = session.job(session.chosen)?.result;
    if (!result) return null;
    const strength = Math.round(100 * session.strength());
    if (strength === 100 && result.scores) return result.scores;
    const scores = this.known.get(before)?.get(`${result.result}:${strength}`);
    if (scores === undefined) this.ask(before, result, strength);
    else this.last = { before, result, scores };
    return this.last.result === result && this.last.before === before ? this.last.scores : result.scores;
  }

  /** @param {Score} before @param {Result} result @param {number} strength  in % */
  ask(before, result, strength) {
    const what = `${result.result}:${strength}`;
    if (this.pending === what) return;
    this.pending = what;
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      try {
        const scores = await getJson(`results/${result.result}/scores?strength=${strength}`);
        const known = this.known.get(before) ?? new Map();
        this.known.set(before, known.set(what, scores));
        if (strength === 100) result.scores = scores;
        session.changed();
      } catch {
        // The picture is correct without them; the next change requests them again.
      }
      if (this.pending === what) this.pending = null;
    }, PAUSE_MS);
  }
}

/** @param {string} label @param {string} unit @param {string} testid @param {string} title */
function figure(label, unit, testid, title) {
  const from = h('i', {});
  const to = h('b', {});
  const element = h(
    'div',
    { class: 'dr-figure', title, 'data-testid': testid },
    h('span', { class: 'aeviz-muted' }, label),
    h('div', {}, from, to, h('small', {}, unit)),
  );
  /** @param {number} before @param {number | undefined} after @param {number} digits */
  const show = (before, after, digits) => {
    const text = (/** @type {number} */ value) => inWords(value, digits);
    from.textContent = after === undefined ? '' : `${text(before)} → `;
    to.textContent = text(after ?? before);
    element.dataset.better = String(after !== undefined && after > before);
  };
  return { element, show };
}

/** A figure as text; the PSNR of equal pictures is infinite. @param {number} value @param {number} digits */
export function inWords(value, digits) {
  return value >= 99 ? '∞' : value.toFixed(digits);
}
