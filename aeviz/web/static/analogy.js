/**
 * A first example for A − B + C that is easy to see: A and B are of one class and differ along
 * the direction in which images of a class differ most, such as slant; C is of another class and looks
 * as B does, so that the result should be C as A is.
 */

import { analogy, classMeans } from './paths.js';

/** @import { Gallery } from './gallery.js' */
/** @import { Numbers } from './types.js' */

/**
 * @typedef {{images: number[], codes: Float32Array[], mean: Float64Array, deviations: Float64Array[]}} Members
 *   of a class: their indices in the gallery, their codes, and the differences of these from the mean
 * @typedef {{a: number, b: number, c: number, far: number}} Example
 *   gallery images, and how far the result is from a real code, in steps from B to A
 */

const MOST = 400; // images of a class that are considered
const ROUNDS = 30; // of the power iteration
const FAR = 2; // standard deviations along the direction that A lies from its class's mean
const NEAR = -1; // and B and C from theirs

/**
 * C is of the class whose result is nearest to a real code of that class.
 * @param {Gallery} gallery
 * @param {number} label  the class of A and B
 * @param {Numbers | null} [z]  the code of A if it is given
 * @returns {Example | null}  null without a second class
 */
export function telling(gallery, label, z = null) {
  const classes = classMeans(gallery).map((mean, k) => mean && membersOf(gallery, k, mean));
  const own = classes[label];
  if (!own) return null;
  const found = classes.flatMap((other) => (other && other !== own ? examples(own, other, z) : []));
  return found.reduce(
    (best, next) => (best && best.far <= next.far ? best : next),
    /** @type {Example | null} */ (null),
  );
}

/**
 * The first images of a class.
 * @param {Gallery} gallery
 * @param {number} label
 * @param {Float64Array} mean
 * @returns {Members}
 */
function membersOf({ labels, latents, latentDim: d }, label, mean) {
  const images = [...labels.keys()].filter((i) => labels[i] === label).slice(0, MOST);
  const codes = images.map((i) => latents.subarray(i * d, (i + 1) * d));
  return { images, codes, mean, deviations: codes.map((code) => minus(code, mean)) };
}

/**
 * With A on either side of its class's mean; if A is given, on its side.
 * @param {Members} own
 * @param {Members} other
 * @param {Numbers | null} z
 * @returns {Example[]}
 */
function examples(own, other, z) {
  const deviations = [...own.deviations, ...other.deviations];
  const way = mainDirection(deviations);
  const spread = length(deviations.map((deviation) => dot(deviation, way))) / Math.sqrt(deviations.length);
  const sides = z ? [Math.sign(dot(minus(z, own.mean), way)) || 1] : [1, -1];
  return sides.map((side) => {
    /** @param {Members} members @param {number} steps */
    const at = ({ codes, mean }, steps) =>
      closest(
        codes,
        mean.map((value, j) => value + side * steps * spread * way[j]),
      );
    const [a, b, c] = [at(own, FAR), at(own, NEAR), at(other, NEAR)];
    const [from, to] = [own.codes[b], z ?? own.codes[a]];
    const result = analogy(to, from, other.codes[c]);
    const step = length(minus(to, from));
    const gap = length(minus(other.codes[closest(other.codes, result)], result));
    return { a: own.images[a], b: own.images[b], c: other.images[c], far: step ? gap / step : Infinity };
  });
}

/**
 * The unit vector along which vectors of mean zero vary most, by power iteration.
 * @param {Float64Array[]} vectors
 */
function mainDirection(vectors) {
  let way = unit(vectors.reduce((longest, one) => (dot(one, one) > dot(longest, longest) ? one : longest)));
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = new Float64Array(way.length);
    for (const vector of vectors) {
      const share = dot(vector, way);
      for (let j = 0; j < next.length; j += 1) next[j] += share * vector[j];
    }
    way = unit(next);
  }
  return way;
}

/** Which of the codes is closest to z. @param {Float32Array[]} codes @param {Numbers} z */
function closest(codes, z) {
  let best = 0;
  let least = Infinity;
  codes.forEach((code, i) => {
    let square = 0;
    for (let j = 0; j < z.length && square < least; j += 1) square += (code[j] - z[j]) ** 2;
    if (square < least) [best, least] = [i, square];
  });
  return best;
}

/** @param {Numbers} a @param {Numbers} b */
const minus = (a, b) => Float64Array.from(a, (value, j) => value - b[j]);
const length = (/** @type {Numbers} */ vector) => Math.sqrt(dot(vector, vector));

/** @param {Numbers} a @param {Numbers} b */
function dot(a, b) {
  let sum = 0;
  for (let j = 0; j < a.length; j += 1) sum += a[j] * b[j];
  return sum;
}

/** @param {Float64Array} vector */
function unit(vector) {
  const size = length(vector) || 1;
  return vector.map((value) => value / size);
}
