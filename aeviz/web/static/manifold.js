/**
 * How far a code is from the codes that the decoder was trained on: one score from up to four readings.
 *
 * Each reading is compared with the model's own gallery (aeviz/server/live/posterior_stats.py):
 *
 * - `nearest`: distance to the nearest gallery code. Limit: 95 % of the gallery's codes have a
 *   nearer neighbour. Far: `FAR.nearest` times that, or `FAR.apart` of the distance between two
 *   codes picked at random, whichever is larger: codes of two dimensions are so close together that
 *   multiples of their spacing are still small.
 * - `image` and `code`: z is decoded, encoded and decoded again, z -> x -> z' -> x'. Near the
 *   training data the encoder recognises the image, so both are reproduced; elsewhere
 *   they are pulled towards the data (Alain and Bengio 2014, "What regularized auto-encoders learn from
 *   the data-generating distribution": x' - x points to where data are dense). Limit: 99 % of the
 *   gallery images change less; far: `FAR.image`, `FAR.code` times that.
 * - `prior`, for Gaussian codes: |z|^2 of z ~ N(0, I) is chi-square with d degrees of freedom; by
 *   Wilson and Hilferty (1931) its cube root is nearly normal; the reading is its deviation from the mean in standard
 *   deviations. Limit: 1 in 100 draws has a larger norm; far: 1 in 10,000. A small norm does not
 *   count: the centre of a VAE's codes is well trained.
 *
 * A reading's level is value / limit up to the limit, then 1 + log(value / limit) / log(far /
 * limit), so that 1 is the limit and 2 is far. The worst reading is the score: below 1 "on the
 * data", below 2 "between", else "nowhere". No imports: benchmarks/off_manifold.py runs this file
 * on bundled models and prints how often each verdict is right.
 *
 * @typedef {{nearest_median: number, nearest_p95: number, apart: number, image_p99: number,
 *   code_p99: number}} Typical
 * @typedef {{nearest?: number, image?: number, code?: number, prior?: number}} Readings
 *   `nearest` and `code` in units of z, `image` a mean squared difference on the scale of [0, 1],
 *   `prior` in standard deviations
 * @typedef {{limit: number, far: number}} Limit
 */

export const WORDS = ['on the data', 'between', 'nowhere'];
export const MOST_SCORE = 3;

/** @type {(keyof Readings)[]} */
const READINGS = ['nearest', 'image', 'code', 'prior'];
const FAR = { nearest: 2.5, apart: 0.25, image: 3, code: 3 };
const PRIOR = { limit: 2.326, far: 3.719 }; // normal quantiles of 0.99 and 0.9999
const ONE_GREY = 1 / 255 ** 2; // a change of one grey level everywhere; less is invisible
const LEAST = 1e-6; // avoids division by zero if all codes coincide

/**
 * @param {Readings} readings  those that are known
 * @param {Typical | null} typical
 * @returns {{score: number, word: string} | null} null if nothing is known
 */
export function judge(readings, typical) {
  const limits = limitsOf(typical);
  const levels = READINGS.flatMap((name) => {
    const [value, limit] = [readings[name], limits[name]];
    return limit && value !== undefined && Number.isFinite(value) ? [level(value, limit)] : [];
  });
  if (!levels.length) return null;
  const score = Math.min(MOST_SCORE, Math.max(...levels));
  return { score, word: WORDS[Math.min(2, Math.floor(score))] };
}

/** @param {Typical | null} typical @returns {Partial<Record<keyof Readings, Limit>>} */
function limitsOf(typical) {
  if (!typical) return { prior: PRIOR };
  const nearest = Math.max(typical.nearest_p95, LEAST);
  const image = Math.max(typical.image_p99, ONE_GREY);
  const code = Math.max(typical.code_p99, LEAST);
  return {
    prior: PRIOR,
    nearest: { limit: nearest, far: Math.max(FAR.nearest * nearest, FAR.apart * typical.apart) },
    image: { limit: image, far: FAR.image * image },
    code: { limit: code, far: FAR.code * code },
  };
}

/** @param {number} value @param {Limit} limit */
function level(value, { limit, far }) {
  const share = Math.max(0, value / limit);
  return share <= 1 ? share : 1 + Math.log(share) / Math.log(far / limit);
}

/**
 * log N(z; 0, I) in nats, |z|, the deviation of |z| in standard deviations of the prior, and the
 * share of draws from the prior with a larger norm.
 * @param {ArrayLike<number>} z
 */
export function underPrior(z) {
  const d = z.length;
  let square = 0;
  for (let i = 0; i < d; i += 1) square += z[i] ** 2;
  const spread = 2 / (9 * d);
  const unusual = (Math.cbrt(square / d) - (1 - spread)) / Math.sqrt(spread);
  return {
    logDensity: -0.5 * (square + d * Math.log(2 * Math.PI)),
    length: Math.sqrt(square),
    unusual,
    longer: 1 / (1 + Math.exp(1.5976 * unusual + 0.07056 * unusual ** 3)), // to 0.0002: Page 1977
  };
}
