/**
 * Projections: gallery points on a plane, and the inverse from a place to a code.
 *
 * @typedef {import('./gallery.js').Gallery} Gallery
 * @typedef {{id: string, label: string, note: string, points: Float32Array,
 *   toCode: (x: number, y: number, base: Float32Array) => Float32Array,
 *   toPlace: (z: ArrayLike<number>) => [number, number],
 *   axes: [string, string] | null, truth: {share: number, text: string, title: string} | null,
 *   linear: boolean, slice: boolean, spansPrior?: boolean}} Projection
 *   linear: `toPlace` is linear, and `toCode` its exact inverse on the plane; slice: the plane is a slice
 *   of the latent space, and the points drawn on it are not in it; spansPrior: the prior N(0, I) fills
 *   its unit square evenly
 */

import { codeOf } from './gallery.js';
import { blend, CodeIndex, PlaneIndex } from './neighbours.js';

/** The number of neighbours that determine the code of a place in a layout; the last one sets the reach. */
const NEIGHBOURS = 8;

/**
 * The projections that a gallery offers.
 * @param {Gallery} gallery
 * @returns {Projection[]}
 */
export function projections(gallery) {
  if (gallery.latentDim === 1) return [line(gallery)];
  if (gallery.latentDim === 2) return [plain(gallery, 0, 1)];
  const list = [];
  const { plane, pca: points, tsne, umap } = gallery;
  if (plane && points) list.push(pca(gallery, plane, points));
  if (tsne) list.push(layout(gallery, tsne, { id: 'tsne', label: 't-SNE' }));
  if (umap) list.push(layout(gallery, umap, { id: 'umap', label: 'UMAP' }));
  list.push(plain(gallery, gallery.dims[0].index, gallery.dims[1].index));
  return list;
}

/**
 * The projection with the highest trustworthiness; the first one if the file has none.
 * @param {Projection[]} list
 */
export function clearest(list) {
  const share = (/** @type {Projection} */ { truth }) => truth?.share ?? 0;
  return list.reduce((best, next) => (share(next) > share(best) ? next : best));
}

/**
 * The code to decode under the pointer: that of the place, or on a slice that of the point there.
 * @param {Projection} projection
 * @param {Gallery} gallery
 * @param {{x: number, y: number, index: number}} under  index: the point there, or -1
 * @param {Float32Array} base  the code that the slice goes through
 */
export function codeUnder(projection, gallery, { x, y, index }, base) {
  if (projection.slice && index >= 0) return codeOf(gallery, index);
  return projection.toCode(x, y, base);
}

/**
 * Two latent dimensions as axes; the others keep their values.
 * @param {Gallery} gallery
 * @param {number} a
 * @param {number} b
 * @returns {Projection}
 */
function plain(gallery, a, b) {
  const { latents, latentDim: d, count } = gallery;
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i += 1) {
    points[2 * i] = latents[i * d + a];
    points[2 * i + 1] = latents[i * d + b];
  }
  return {
    id: 'z',
    label: 'z',
    note:
      d === 2
        ? 'The code itself, as it is.'
        : `z${a} and z${b}, the two most informative of ${d} numbers. Drag the handle to move them; the other ${d - 2} stay.`,
    truth: null,
    points,
    axes: [`z${a}`, `z${b}`],
    linear: true,
    slice: d > 2,
    toCode(x, y, base) {
      const z = Float32Array.from(base);
      z[a] = x;
      z[b] = y;
      return z;
    },
    toPlace: (z) => [z[a], z[b]],
  };
}

/**
 * One latent dimension, spread out in the other direction so that points do not overlap.
 * @param {Gallery} gallery
 * @returns {Projection}
 */
function line(gallery) {
  const points = new Float32Array(2 * gallery.count);
  const [{ low, high }] = gallery.dims;
  const spread = (high - low) / 8;
  for (let i = 0; i < gallery.count; i += 1) {
    points[2 * i] = gallery.latents[i];
    points[2 * i + 1] = spread * (((i * 0.6180339887) % 1) - 0.5); // golden ratio: evenly spread
  }
  return {
    id: 'z',
    label: 'z',
    note: 'The code is one number; height only spreads the points out.',
    truth: null,
    points,
    axes: ['z0', ''],
    linear: true,
    slice: false,
    toCode: (x) => Float32Array.of(x),
    toPlace: (z) => [z[0], 0],
  };
}

/**
 * The plane of greatest variance. Its inverse is exact; the component off the plane is kept.
 * @param {Gallery} gallery
 * @param {import('./gallery.js').Plane} plane
 * @param {Float32Array} points
 * @returns {Projection}
 */
function pca(gallery, { mean, components }, points) {
  /** @param {ArrayLike<number>} z */
  const along = (z, row = components[0]) =>
    row.reduce((sum, weight, j) => sum + weight * (z[j] - mean[j]), 0);
  /** @type {Projection['toPlace']} */
  const toPlace = (z) => [along(z, components[0]), along(z, components[1])];
  return {
    id: 'pca',
    label: 'PCA',
    note: `PCA: a flat view of ${mean.length} numbers. Drag the handle to move along 2 directions; the other ${mean.length - 2} stay.`,
    truth: truth(gallery, 'pca'),
    points,
    axes: null,
    linear: true,
    slice: true,
    toCode(x, y, base) {
      const [x0, y0] = toPlace(base);
      return Float32Array.from(
        base,
        (value, j) => value + (x - x0) * components[0][j] + (y - y0) * components[1][j],
      );
    },
    toPlace,
  };
}

/**
 * There is no inverse: a place has the mean code of its nearest points, a code the mean place of its neighbours.
 * @param {Gallery} gallery
 * @param {Float32Array} points
 * @param {{id: 'tsne' | 'umap', label: string}} name
 * @returns {Projection}
 */
function layout(gallery, points, { id, label }) {
  const { latents, latentDim: d, dims } = gallery;
  // Computed at first use: a person may never open this map.
  const byPlace = once(() => new PlaneIndex(points, NEIGHBOURS));
  const byCode = once(() => new CodeIndex(latents, dims, NEIGHBOURS));
  return {
    id,
    label,
    note: 'Distances between groups mean nothing. Approximate: a place shows the mean code of its nearest points.',
    truth: truth(gallery, id),
    points,
    axes: null,
    linear: false,
    slice: false,
    toCode: (x, y) => blend(byPlace().nearest([x, y]), latents, d),
    toPlace(z) {
      const [x, y] = blend(byCode().nearest(z), points, 2);
      return [x, y];
    },
  };
}

/**
 * The trustworthiness of a map, in words; null if the model's file does not have it.
 * @param {Gallery} gallery
 * @param {'pca' | 'tsne' | 'umap'} id
 */
function truth({ trustworthiness }, id) {
  const share = trustworthiness[id];
  if (share === undefined) return null;
  return {
    share,
    text: `Are points that lie close here close in the code? ${Math.round(100 * share)} % trustworthy.`,
    title:
      'Trustworthiness: how far each point’s 12 nearest on the map are among its nearest in the ' +
      'whole code. 100 %: no false neighbours; about 50 %: no better than a random map. ' +
      '(Venna & Kaski 2001, on up to 2,000 points.)',
  };
}

/** @template T @param {() => T} make */
function once(make) {
  /** @type {T | undefined} */
  let made;
  return () => (made ??= make());
}
