/** The models of a server, and the choice of one to compare with. */

/** @import { Gallery } from './gallery.js' */
/** @import { ImageShape } from './types.js' */

/**
 * @typedef {{name: string, label: string, type: string, dataset: string, latent_dim: number,
 *   image_shape: ImageShape}} Model
 *   as aeviz/models lists it
 */

/** Types that minimise only the reconstruction loss. */
const PLAIN = ['standard', 'deep', 'convolutional'];
/**
 * Models of images of the same shape: same data and code size first, and among those the most
 * informative types: a plain autoencoder beside any other, a VAE beside a plain one.
 * @param {Gallery} gallery
 */
export async function comparable(gallery) {
  const answer = await fetch(new URL('aeviz/models', document.baseURI));
  if (!answer.ok) throw new Error('The server could not list its models. Reload the page to try again.');
  /** @type {Model[]} */
  const models = await answer.json();
  const own = models.find(({ name }) => name === gallery.name);
  const telling = PLAIN.includes(own?.type ?? '') ? ['vae'] : PLAIN;
  const rank = (/** @type {Model} */ model) =>
    8 * Number(model.dataset !== own?.dataset) +
    4 * Number(model.latent_dim !== gallery.latentDim) +
    2 * Number(!telling.includes(model.type)) +
    Number(model.type === own?.type);
  return models
    .filter(
      ({ name, image_shape: shape }) => name !== gallery.name && String(shape) === String(gallery.imageShape),
    )
    .filter((model) => gallery.count || model.latent_dim === gallery.latentDim) // otherwise they have nothing in common
    .sort((a, b) => rank(a) - rank(b));
}
