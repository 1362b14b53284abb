/**
 * Projections: gallery points on a plane, and the way back from a place to a code.
 *
 * @typedef {import('./gallery.js').Gallery} Gallery
 * @typedef {{id: string, label: string, note: string, points: Float32Array,
 *   toCode: (x: number, y: number, base: Float32Array) => Float32Array,
 *   toPlace: (z: ArrayLike<number>) => [number, number],
 *   axes: [string, string] | null}} Projection
 */

/** How many neighbours a place on a t-SNE map takes its code from. */
const NEIGHBOURS = 6;

/**
 * The projections that a gallery offers, the best first.
 * @param {Gallery} gallery
 * @returns {Projection[]}
 */
export function projections(gallery) {
  if (gallery.latentDim === 1) return [line(gallery)];
  if (gallery.latentDim === 2) return [plain(gallery, 0, 1)];
  const list = [];
  if (gallery.plane) list.push(pca(gallery));
  if (gallery.tsne) list.push(tsne(gallery));
  list.push(plain(gallery, gallery.dims[0].index, gallery.dims[1].index));
  return list;
}

/** Two latent dimensions as they are; the others keep their values. */
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
    note: d === 2 ? 'The code itself, as it is.' : `z${a} and z${b} as they are, the two most informative of ${d} numbers.`,
    points,
    axes: [`z${a}`, `z${b}`],
    toCode(x, y, base) {
      const z = Float32Array.from(base);
      z[a] = x;
      z[b] = y;
      return z;
    },
    toPlace: (z) => [z[a], z[b]],
  };
}

/** One latent dimension, spread out in the other direction so that points do not cover another. */
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
    points,
    axes: ['z0', ''],
    toCode: (x) => Float32Array.of(x),
    toPlace: (z) => [z[0], 0],
  };
}

/** The plane of greatest variance. Its inverse is exact; what lies off the plane is kept. */
function pca(gallery) {
  const { mean, components } = gallery.plane;
  const toPlace = (z) => /** @type {[number, number]} */ (components.map(
    (row) => row.reduce((sum, weight, j) => sum + weight * (z[j] - mean[j]), 0),
  ));
  return {
    id: 'pca',
    label: 'PCA',
    note: 'The plane on which the codes differ most; moving on it leaves the rest of the code as it is.',
    points: gallery.pca,
    axes: null,
    toCode(x, y, base) {
      const [x0, y0] = toPlace(base);
      return Float32Array.from(
        base, (value, j) => value + (x - x0) * components[0][j] + (y - y0) * components[1][j],
      );
    },
    toPlace,
  };
}

/** t-SNE has no inverse: a place takes the mean code of its nearest points, and the reverse. */
function tsne(gallery) {
  const { tsne: points, latents, latentDim: d } = gallery;
  return {
    id: 'tsne',
    label: 't-SNE',
    note: 'Neighbours stay neighbours, distances do not. Approximate: a place shows the mean code of its nearest points.',
    points,
    axes: null,
    toCode: (x, y) => blend(points, 2, [x, y], latents, d),
    toPlace: (z) => /** @type {[number, number]} */ ([...blend(latents, d, z, points, 2)]),
  };
}

/**
 * Mean of `values` over the nearest of `keys` to `query`, weighted by inverse squared distance.
 * @returns {Float32Array} `width` numbers
 */
export function blend(keys, keyWidth, query, values, width) {
  const near = nearestFew(keys, keyWidth, query, NEIGHBOURS);
  const result = new Float32Array(width);
  const scale = near[near.length - 1].distance + 1e-12;
  let total = 0;
  for (const { index, distance } of near) {
    const weight = 1 / (distance + 1e-3 * scale);
    total += weight;
    for (let j = 0; j < width; j += 1) result[j] += weight * values[index * width + j];
  }
  return result.map((value) => value / total);
}

function nearestFew(keys, width, query, count) {
  const near = [];
  for (let i = 0, at = 0; at < keys.length; i += 1, at += width) {
    const limit = near.length < count ? Infinity : near[count - 1].distance;
    let distance = 0;
    for (let j = 0; j < width && distance < limit; j += 1) {
      distance += (keys[at + j] - query[j]) ** 2;
    }
    if (distance >= limit) continue;
    let place = near.length;
    while (place > 0 && near[place - 1].distance > distance) place -= 1;
    near.splice(place, 0, { index: i, distance });
    if (near.length > count) near.pop();
  }
  return near;
}
