/** The normal distribution: its CDF and quantiles, seeded draws, and its projection onto a plane. */

/**
 * Phi(x) in double precision: Hart's rational approximation (Hart et al. 1968, no. 5666) as given
 * by G. West, "Better approximations to cumulative normal functions", Wilmott 2005.
 * @param {number} x
 */
export function cdf(x) {
  const t = Math.abs(x);
  if (t > 37) return x > 0 ? 1 : 0;
  const bell = Math.exp((-t * t) / 2);
  const tail =
    t < 7.07106781186547
      ? (bell * polynomial(HART_OVER, t)) / polynomial(HART_UNDER, t)
      : bell / (t + 1 / (t + 2 / (t + 3 / (t + 4 / (t + 0.65))))) / 2.506628274631;
  return x > 0 ? 1 - tail : tail;
}

const HART_OVER = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
];
const HART_UNDER = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
];

/**
 * Phi^-1(p): P. J. Acklam's rational approximation (2003, relative error below 1.2e-9), then one
 * step of Halley's method, as he advises. +-Infinity at 0 and 1.
 * @param {number} p
 * @returns {number}
 */
export function quantile(p) {
  if (!(p > 0 && p < 1)) return p >= 1 ? Infinity : -Infinity;
  if (p > 0.5) return -quantile(1 - p); // in the lower half, 1 - p loses no digits
  const x = p < 0.02425 ? tail(Math.sqrt(-2 * Math.log(p))) : middle(p - 0.5);
  const step = (cdf(x) - p) * Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2);
  return x - step / (1 + (x * step) / 2);
}

const MIDDLE_OVER = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const MIDDLE_UNDER = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1,
];
const TAIL_OVER = [
  -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_UNDER = [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];

const middle = (/** @type {number} */ q) =>
  (q * polynomial(MIDDLE_OVER, q * q)) / polynomial(MIDDLE_UNDER, q * q);
const tail = (/** @type {number} */ q) => polynomial(TAIL_OVER, q) / polynomial(TAIL_UNDER, q);

/** @param {number[]} coefficients  the highest power first @param {number} x */
function polynomial(coefficients, x) {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient);
}

/**
 * A source of draws from N(0, 1), the same for the same seed: Box and Muller 1958 over mulberry32
 * (Tommy Ettinger's 32-bit generator).
 * @param {number} seed
 * @returns {() => number}
 */
export function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Covariance on the plane of a code with independent numbers: J diag(variance) Jᵀ, where the
 * columns of J are the steps on the plane that one unit of each number makes.
 * @param {Pick<import('./projection.js').Projection, 'toPlace'>} projection  a linear one
 * @param {ArrayLike<number>} variance  of each number of the code
 * @returns {[[number, number], [number, number]]}
 */
export function covarianceOnPlane({ toPlace }, variance) {
  const unit = new Float32Array(variance.length);
  const [x0, y0] = toPlace(unit);
  let [xx, xy, yy] = [0, 0, 0];
  for (let j = 0; j < variance.length; j += 1) {
    unit[j] = 1;
    const place = toPlace(unit);
    unit[j] = 0;
    const [dx, dy] = [place[0] - x0, place[1] - y0];
    xx += variance[j] * dx * dx;
    xy += variance[j] * dx * dy;
    yy += variance[j] * dy * dy;
  }
  return [
    [xx, xy],
    [xy, yy],
  ];
}
