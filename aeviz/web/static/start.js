/** Initial codes: the first image's, the mean, and random ones. */

import { codeOf } from './gallery.js';

/** @import { Gallery } from './gallery.js' */

/**
 * The first image of the gallery; without one the mean code.
 * @param {Gallery} gallery
 * @returns {{z: Float32Array, point: number | null}}
 */
export function startingCode(gallery) {
  if (gallery.count) return { z: codeOf(gallery, 0), point: 0 };
  return { z: meanCode(gallery), point: null };
}

/** @param {Pick<Gallery, 'latentDim' | 'dims'>} gallery */
export function meanCode({ latentDim, dims }) {
  const z = new Float32Array(latentDim);
  for (const { index, mean } of dims) z[index] = mean;
  return z;
}

/** A draw from N(0, 1), by Box and Muller. */
export function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/**
 * A draw from the prior; without a prior, each dimension is drawn to match the gallery's codes.
 * @param {Pick<Gallery, 'gaussian' | 'dims' | 'latentDim'>} gallery
 */
export function randomCode({ gaussian, dims, latentDim }) {
  const z = new Float32Array(latentDim);
  for (const { index, mean, std, low } of dims) {
    z[index] = gaussian ? normal() : mean + std * normal();
    if (!gaussian && low >= 0) z[index] = Math.max(0, z[index]); // codes that are never negative
  }
  return z;
}
