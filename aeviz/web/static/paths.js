/**
 * Paths between codes, and sums of codes, like aeviz/latent/space.py in Python, but for one code at a
 * time. Codes are lists of d numbers; results are new Float32Arrays.
 */

/** @import { Numbers } from './types.js' */

/** Below this sine of the angle between them, two codes have no unique arc. */
const NO_ARC = 1e-4;
const LEAST_NORM = 1e-12;

/** @typedef {(a: Numbers, b: Numbers, t: number) => Float32Array} Path */

/** The straight line from a (t = 0) to b (t = 1), exact at both ends. @type {Path} */
export function lerp(a, b, t) {
  return sum([1 - t, a], [t, b]);
}

/**
 * The arc from a (t = 0) to b (t = 1), exact at both ends (White 2016, "Sampling Generative
 * Networks"). Parallel, opposite and zero codes have no arc and get the straight line.
 * @type {Path}
 */
export function slerp(a, b, t) {
  const omega = angle(a, b);
  const sine = Math.sin(omega);
  if (sine <= NO_ARC) return lerp(a, b, t);
  return sum([Math.sin((1 - t) * omega) / sine, a], [Math.sin(t * omega) / sine, b]);
}

export const PATHS = { lerp, slerp };

/**
 * n codes from a to b, both included, one after another: n * d numbers.
 * @param {Numbers} a
 * @param {Numbers} b
 * @param {number} n
 * @param {keyof typeof PATHS} [kind]
 */
export function path(a, b, n, kind = 'lerp') {
  const codes = new Float32Array(n * a.length);
  for (let i = 0; i < n; i += 1) codes.set(PATHS[kind](a, b, i / (n - 1)), i * a.length);
  return codes;
}

/**
 * Two images laid over each other, b with weight t: values 0..255, rounded.
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 * @param {number} t
 */
export function blendPixels(a, b, t) {
  return Uint8Array.from(a, (value, i) => Math.round((1 - t) * value + t * b[i]));
}

/** a is to b as the result is to c: a - b + c. @param {Numbers} a @param {Numbers} b @param {Numbers} c */
export function analogy(a, b, c) {
  return sum([1, a], [-1, b], [1, c]);
}

/**
 * z, moved `amount` times along a direction.
 * @param {Numbers} z
 * @param {Numbers} direction
 * @param {number} amount
 */
export function moved(z, direction, amount) {
  return sum([1, z], [amount, direction]);
}

/**
 * The mean code of each class; null for a class that no code belongs to.
 * @param {{latents: Float32Array, labels: Int16Array, classNames: string[], latentDim: number}} gallery
 * @returns {(Float64Array | null)[]}
 */
export function classMeans({ latents, labels, classNames, latentDim: d }) {
  const counts = classNames.map(() => 0);
  const means = classNames.map(() => new Float64Array(d));
  labels.forEach((label, i) => {
    if (!means[label]) return;
    counts[label] += 1;
    for (let j = 0; j < d; j += 1) means[label][j] += latents[i * d + j];
  });
  return means.map((total, label) => (counts[label] ? total.map((value) => value / counts[label]) : null));
}

/** From one mean code to another. @param {Numbers} from @param {Numbers} to */
export function direction(from, to) {
  return sum([1, to], [-1, from]);
}

/**
 * The sum of weighted codes, in double precision until the end.
 * @param {...[weight: number, code: Numbers]} terms
 */
function sum(...terms) {
  const length = terms[0][1].length;
  const result = new Float32Array(length);
  for (let j = 0; j < length; j += 1) {
    let value = 0;
    for (const [weight, code] of terms) value += weight * code[j];
    result[j] = value;
  }
  return result;
}

/**
 * The angle between two codes, by Kahan's formula; 0 if one of them is zero.
 * @param {Numbers} a
 * @param {Numbers} b
 */
function angle(a, b) {
  const [u, v] = [unit(a), unit(b)];
  const zero = (/** @type {Float64Array} */ code) => code.every((value) => value === 0);
  if (zero(u) || zero(v)) return 0;
  return 2 * Math.atan2(norm(u.map((value, j) => value - v[j])), norm(u.map((value, j) => value + v[j])));
}

/** @param {Numbers} code */
function unit(code) {
  const length = Math.max(norm(code), LEAST_NORM);
  return Float64Array.from(code, (value) => value / length);
}

/** @param {Numbers} code */
function norm(code) {
  let total = 0;
  for (let j = 0; j < code.length; j += 1) total += code[j] ** 2;
  return Math.sqrt(total);
}
