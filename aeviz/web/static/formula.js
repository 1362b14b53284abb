/** z = mu + sigma * eps, with the numbers of the most informative dimensions. */

import { h } from './dom.js';

/** @import { Dimension } from './gallery.js' */
/** @import { Numbers } from './types.js' */

const WRITTEN = 2; // dimensions

export class Formula {
  /** @param {Dimension[]} dims  the most informative first */
  constructor(dims) {
    this.dims = dims;
    this.element = h('div', {
      class: 'aeviz-formula',
      'data-testid': 'aeviz-formula',
      'aria-live': 'polite',
    });
  }

  /** @param {Numbers} mu @param {Numbers} sigma @param {{z: Numbers, eps: Numbers} | null} drawn */
  write(mu, sigma, drawn) {
    const rows = this.dims.slice(0, WRITTEN).map(({ index: j }) => {
      const [z, eps] = drawn ? [number(drawn.z[j]), number(drawn.eps[j])] : ['?', '?'];
      const words = [z, '=', number(mu[j]), '+', number(sigma[j]), '·', eps];
      const name = h('b', {}, 'z', h('sub', {}, String(j)));
      return h('div', {}, name, ...words.map((word) => h('span', {}, word)));
    });
    const head = ['', 'z', '=', 'μ', '+', 'σ', '·', 'ε'].map((word) => h('i', {}, word));
    const rest = this.dims.length - rows.length;
    this.element.replaceChildren(
      h('div', { class: 'aeviz-formulahead' }, ...head),
      ...rows,
      ...(rest > 0 ? [h('small', { class: 'aeviz-muted' }, `and the same for ${rest} more numbers`)] : []),
    );
  }
}

/** @param {number} value */
function number(value) {
  return value.toFixed(2).replace('-', '−');
}
