/** Sharing: the address as a link, the picture as a PNG. */

import { context2d } from './dom.js';

const LEAST_PIXELS = 512;

/**
 * Copy a link to the clipboard: the page's own address, or another one.
 * @returns {Promise<boolean>} whether that worked
 */
export async function copyLink(link = window.location.href) {
  try {
    await navigator.clipboard.writeText(link);
    return true;
  } catch {
    return copyByHand(link); // without https, a page from another machine cannot use the clipboard
  }
}

/** @param {string} text */
function copyByHand(text) {
  const field = document.createElement('textarea');
  field.value = text;
  field.style.cssText = 'position: fixed; opacity: 0';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

/**
 * Download a canvas as a PNG; small pictures are enlarged, with each pixel as a sharp square.
 * @param {HTMLCanvasElement} canvas
 * @param {string} name  of the file, without its extension
 */
export async function savePng(canvas, name) {
  const factor = Math.max(1, Math.ceil(LEAST_PIXELS / Math.max(canvas.width, canvas.height)));
  const large = document.createElement('canvas');
  large.width = factor * canvas.width;
  large.height = factor * canvas.height;
  const context = context2d(large);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  /** @type {Blob | null} */
  const blob = await new Promise((settle) => large.toBlob(settle, 'image/png'));
  if (!blob) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
