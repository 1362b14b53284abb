/** The off-manifold meter: a gauge in three parts, its verdict, and the readings behind it. */

import { atMostEvery, h } from './dom.js';
import { judge, MOST_SCORE, underPrior, WORDS } from './manifold.js';

/** @import { Readings } from './manifold.js' */
/** @typedef {ReturnType<typeof underPrior>} Prior */

const WORDS_MS = 400; // the gauge follows the pointer; its sentences need not

export class Meter {
  /** @param {import('./gallery.js').Gallery} gallery */
  constructor({ gaussian, typical }) {
    this.gaussian = gaussian;
    this.typical = typical;
    /** @type {Readings} */
    this.readings = {};
    /** @type {{score: number, word: string, prior: Prior | null} | null} */
    this.latest = null;
    this.tell = atMostEvery(WORDS_MS, () => this.write());
    this.marker = h('i');
    this.words = WORDS.map((word) => h('span', {}, word));
    this.details = h('div', { class: 'aeviz-why', role: 'tooltip' });
    // Both hover and focus open the readings: a tap focuses.
    this.element = h(
      'div',
      {
        class: 'aeviz-meter',
        role: 'meter',
        tabindex: 0,
        'data-testid': 'aeviz-meter',
        hidden: true,
        'aria-label': 'Distance from the data',
        'aria-valuemin': 0,
        'aria-valuemax': MOST_SCORE,
      },
      h('div', { class: 'aeviz-gauge', 'aria-hidden': 'true' }, h('b'), h('b'), h('b'), this.marker),
      h('div', { class: 'aeviz-words', 'aria-hidden': 'true' }, ...this.words),
      this.details,
    );
  }

  /**
   * @param {ArrayLike<number>} z
   * @param {Readings} readings  those that changed
   */
  show(z, readings) {
    Object.assign(this.readings, readings);
    const prior = this.gaussian ? underPrior(z) : null;
    if (prior) this.readings.prior = prior.unusual;
    const found = judge(this.readings, this.typical);
    this.element.hidden = !found;
    if (!found) return;
    const { score, word } = found;
    if (word !== this.element.dataset.word) {
      this.element.dataset.word = word;
      this.words.forEach((span) => span.classList.toggle('aeviz-now', span.textContent === word));
    }
    this.marker.style.transform = `translateX(${(100 * score) / MOST_SCORE}%)`;
    this.latest = { score, word, prior };
    this.tell();
  }

  write() {
    if (!this.latest) return;
    const { score, word, prior } = this.latest;
    const lines = this.explain(prior);
    this.details.replaceChildren(...lines.map((line) => h('p', {}, line)));
    this.element.setAttribute('aria-valuenow', score.toFixed(2));
    this.element.setAttribute('aria-valuetext', `${word}. ${lines.join(' ')}`);
  }

  /** The readings in plain words. @param {Prior | null} prior */
  explain(prior) {
    const { nearest, image, code } = this.readings;
    const { typical } = this;
    const lines = [];
    if (typical && nearest !== undefined) {
      lines.push(
        `Nearest gallery code: ${short(nearest)} away. 95 % of gallery codes have a ` +
          `neighbour within ${short(typical.nearest_p95)}, half within ${short(typical.nearest_median)}.`,
      );
    }
    if (typical && image !== undefined && code !== undefined) {
      lines.push(
        `Encoded and decoded again, the image changes by ${short(image)} (MSE) and the code ` +
          `by ${short(code)}; 99 % of gallery images by less than ${short(typical.image_p99)} and ` +
          `${short(typical.code_p99)}.`,
      );
    }
    if (prior) {
      lines.push(
        `Under the prior, log N(z; 0, I) = ${short(prior.logDensity)} nats. Its length is ` +
          `${short(prior.length)}; ${longer(prior.longer)} of the prior’s draws are longer.`,
      );
    }
    return lines;
  }
}

/** Two significant digits, without exponents. @param {number} value */
function short(value) {
  const decimals = Math.abs(value) < 10 ? 2 - Math.ceil(Math.log10(Math.abs(value) || 1)) : 0;
  return String(Number(value.toFixed(Math.min(6, decimals)))).replaceAll('-', '−');
}

/** @param {number} share */
function longer(share) {
  if (share < 1e-3) return 'fewer than 1 in 1,000';
  if (share < 0.01) return `${(100 * share).toFixed(1)} %`;
  return `${Math.round(100 * share)} %`;
}
