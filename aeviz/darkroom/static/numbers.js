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
    /** @type {Map<string, import('./photos.js').Score>} */
    this.weaker = new Map();
  }

  update() {
    const before = session.variant?.info?.before;
    this.element.hidden = !before;
    if (!before) return;
    const after = this.after();
    this.psnr.show(before.psnr, after?.psnr, 1);
    this.ssim.show(before.ssim, after?.ssim, 2);
  }

  /** At the strength that is chosen; the server measures the weaker ones when they are asked for. */
  after() {
    const result = session.job()?.result;
    const strength = Math.round(100 * session.strength);
    if (!result?.scores || strength === 100) return result?.scores;
    const known = this.weaker.get(`${result.result}:${strength}`);
    if (known) this.last = known;
    else this.ask(`${result.result}:${strength}`);
    return known ?? this.last ?? result.scores;
  }

  ask(what) {
    if (what === this.asked) return;
    this.asked = what;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(), PAUSE_MS);
  }

  async fetch() {
    const result = session.job()?.result?.result;
    const strength = Math.round(100 * session.strength);
    if (!result || strength === 100 || this.weaker.has(`${result}:${strength}`)) return;
    try {
      const scores = await getJson(`results/${result}/scores?strength=${strength}`);
      if (scores) this.weaker.set(`${result}:${strength}`, scores);
      session.changed();
    } catch {
      // The picture is right without them; the next move asks again.
    }
  }
}

function figure(label, unit, testid, title) {
  const from = h('i', {});
  const to = h('b', {});
  const gain = h('span', { class: 'dr-gain' });
  const element = h('div', { class: 'dr-figure', title, 'data-testid': testid },
    h('span', { class: 'aeviz-muted' }, label), h('div', {}, from, to, h('small', {}, unit), gain));
  const show = (before, after, digits) => {
    const text = (value) => (value >= 99 ? '∞' : value.toFixed(digits));
    from.textContent = after === undefined || after === null ? '' : `${text(before)} → `;
    to.textContent = text(after ?? before);
    element.dataset.better = after > before;
  };
  return { element, show };
}
