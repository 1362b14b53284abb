/** A linear projection through the normal CDF, which makes the prior uniform. */

import { cdf, quantile } from './gaussian.js';

const EDGE = 1e-6; // places outside the square have the code of its border

/**
 * The same plane with Phi applied to each axis, so that N(0, I) fills the unit square evenly, and
 * gallery points do, too, if their codes follow the prior. The origin of the code is at the centre.
 * @param {import('./projection.js').Projection} projection  a linear one, with axes of unit length
 * @param {number} latentDim
 * @returns {import('./projection.js').Projection}
 */
export function throughPrior(projection, latentDim) {
  const [x0, y0] = projection.toPlace(new Float32Array(latentDim));
  const inside = (/** @type {number} */ share) => quantile(Math.min(1 - EDGE, Math.max(EDGE, share)));
  return {
    ...projection,
    note: `${projection.label} through the normal distribution: equal areas are equally likely to be drawn.`,
    truth: null,
    axes: null,
    linear: false,
    spansPrior: true,
    points: projection.points.map((value, i) => cdf(value - (i % 2 ? y0 : x0))),
    toCode: (x, y, base) => projection.toCode(x0 + inside(x), y0 + inside(y), base),
    toPlace(z) {
      const [x, y] = projection.toPlace(z);
      return [cdf(x - x0), cdf(y - y0)];
    },
  };
}
