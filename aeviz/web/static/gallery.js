/**
 * The gallery of a model: its codes and their statistics, unpacked (see aeviz/server/live/gallery.py).
 *
 * @typedef {{index: number, low: number, high: number, mean: number, std: number,
 *   information: number, active: boolean}} Dimension
 * @typedef {{name: string, imageShape: import('./types.js').ImageShape, latentDim: number,
 *   gaussian: boolean, handwriting: boolean, count: number, classNames: string[], dims: Dimension[],
 *   labels: Int16Array, latents: Float32Array, logvar?: Float32Array, pca?: Float32Array,
 *   tsne?: Float32Array, umap?: Float32Array, trustworthiness: {pca?: number, tsne?: number, umap?: number},
 *   typical: import('./manifold.js').Typical | null,
 *   plane: Plane | null, sprite: Sprite | null}} Gallery
 *
 * @typedef {{mean: number[], components: [number[], number[]]}} Plane  of the greatest variance
 * @typedef {{version: string, columns: number, width: number, height: number}} SpriteLayout
 *
 * @typedef {{name: string, image_shape: import('./types.js').ImageShape, latent_dim: number,
 *   gaussian: boolean, handwriting: boolean, count: number, class_names: string[], dims: Dimension[],
 *   typical: import('./manifold.js').Typical | null, pca: Plane | null,
 *   trustworthiness: Gallery['trustworthiness'], sprite: SpriteLayout | null}} Header  as it is sent
 */

import { context2d } from './dom.js';
import { unpack } from './packed.js';

/**
 * @param {string} name
 * @param {'' | '?part=map'} [part]  a map alone needs less, which loads faster
 * @returns {Promise<Gallery>}
 */
export async function loadGallery(name, part = '') {
  const address = `aeviz/gallery/${encodeURIComponent(name)}${part}`;
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(await reason(answer));
  /** @type {ReturnType<typeof unpack<Header>>} */
  const { header, array } = unpack(await answer.arrayBuffer());
  return {
    name: header.name,
    imageShape: header.image_shape,
    latentDim: header.latent_dim,
    gaussian: header.gaussian,
    handwriting: header.handwriting,
    count: header.count,
    classNames: header.class_names,
    dims: header.latent_dim === 2 ? asOnMap(header.dims) : header.dims,
    typical: header.typical,
    plane: header.pca,
    labels: array('labels') ?? new Int16Array(0),
    latents: array('latents') ?? new Float32Array(0),
    logvar: array('logvar'),
    pca: array('pca'),
    tsne: array('tsne'),
    umap: array('umap'),
    trustworthiness: header.trustworthiness,
    sprite: header.sprite && new Sprite(header.name, header.sprite),
  };
}

/** The sheet of thumbnails; tiles are numbered along its rows. */
export class Sprite {
  /**
   * @param {string} name  of the model
   * @param {SpriteLayout} layout
   */
  constructor(name, { version, columns, width, height }) {
    this.columns = columns;
    this.width = width;
    this.height = height;
    const address = `aeviz/sprite/${encodeURIComponent(name)}?v=${version}`;
    this.image = new Image();
    this.image.src = new URL(address, document.baseURI).href;
    this.ready = this.image.decode();
  }

  /**
   * Draw tile `index` at its own size.
   * @param {HTMLCanvasElement} canvas
   * @param {number} index
   */
  async draw(canvas, index) {
    await this.ready;
    // Setting a size, even the same one, makes the browser reallocate the canvas.
    if (canvas.width !== this.width) canvas.width = this.width;
    if (canvas.height !== this.height) canvas.height = this.height;
    const x = (index % this.columns) * this.width;
    const y = Math.floor(index / this.columns) * this.height;
    const { width, height } = this;
    context2d(canvas).drawImage(this.image, x, y, width, height, 0, 0, width, height);
  }
}

/** @param {Gallery} gallery @param {number} index */
export function codeOf(gallery, index) {
  const d = gallery.latentDim;
  return gallery.latents.slice(index * d, (index + 1) * d);
}

/**
 * The gallery image whose code is closest to z.
 * @param {Gallery} gallery
 * @param {ArrayLike<number>} z
 */
export function nearest(gallery, z) {
  const { latents, latentDim: d, count } = gallery;
  let best = -1;
  let least = Infinity;
  for (let i = 0, at = 0; i < count; i += 1, at += d) {
    let sum = 0;
    for (let j = 0; j < d && sum < least; j += 1) sum += (latents[at + j] - z[j]) ** 2;
    if (sum < least) {
      least = sum;
      best = i;
    }
  }
  return best;
}

/**
 * A random image of a class, or of any class if `label` is null. Null if there is none.
 * @param {Pick<Gallery, 'labels' | 'count'>} gallery
 * @param {number | null} label
 * @param {number | null} [except]  an image to exclude
 */
export function randomPoint({ labels, count }, label, except = null) {
  const chosen = [...Array(count).keys()].filter(
    (i) => i !== except && (label === null || labels[i] === label),
  );
  return chosen.length ? chosen[Math.floor(chosen.length * Math.random())] : null;
}

/** If the code is the map, its dimensions are in the order of the map's axes. @param {Dimension[]} dims */
function asOnMap(dims) {
  return [...dims].sort((a, b) => a.index - b.index);
}

/** @param {Response} answer @returns {Promise<string>} */
async function reason(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return 'The server could not send this model’s gallery. Reload the page to try again.';
  }
}
