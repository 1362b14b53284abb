/** The models of a server, and which of them to compare with one. */

/** @import { Gallery } from './gallery.js' */
/** @import { ImageShape } from './types.js' */

/**
 * @typedef {{name: string, label: string, type: string, dataset: string, latent_dim: number,
 *   image_shape: ImageShape}} Model
 *   as aeviz/models lists it
 */

/** Types that only reconstruct, with nothing else to make small. */
const PLAIN = ['standard', 'deep', 'convolutional'];
/**
 * Models of images of the same shape: same data and code size first, and among those the types that
 * say most beside this one: a plain autoencoder beside any other, a VAE beside a plain one.
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
    .filter((model) => gallery.count || model.latent_dim === gallery.latentDim) // else nothing can be shared
    .sort((a, b) => rank(a) - rank(b));
}
