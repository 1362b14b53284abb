/** Buttons and titles of Explore. */

import { h } from './dom.js';
import { copyLink, savePng } from './share.js';
import { button } from './toolbar.js';

/** @import { Gallery } from './gallery.js' */
/** @import { LatentMap } from './map.js' */
/** @import { State } from './state.js' */

const SAID_MS = 1600;

/** @param {Gallery} gallery */
export function sampleHelp({ gaussian }) {
  return gaussian
    ? 'Draw a new code from the prior, N(0, 1) in each dimension'
    : 'Draw each number with the spread of the gallery’s codes; this model has no prior to sample from';
}

/** @param {Gallery} gallery */
export function slidersTitle({ count, dims, latentDim }) {
  const active = dims.filter((dim) => dim.active).length;
  if (latentDim === 1) return 'The code';
  if (!count) return `${latentDim.toLocaleString('en')} dimensions`;
  const all =
    latentDim === 2
      ? '2 dimensions'
      : `${latentDim.toLocaleString('en')} dimensions, the most informative first`;
  return active === latentDim ? all : `${all} · ${active} carry information`;
}

/** @param {LatentMap} map */
export function zoomButtons(map) {
  return h(
    'div',
    { class: 'aeviz-actions' },
    map.tools.element,
    button('+', 'Zoom in', () => map.zoom(0.7), { 'aria-label': 'Zoom in' }),
    button('−', 'Zoom out', () => map.zoom(1 / 0.7), { 'aria-label': 'Zoom out' }),
    button('⤢', 'Show all points', () => map.resetView(), { 'aria-label': 'Show all points' }),
  );
}

/** @param {{write: () => void}} address */
export function linkButton(address) {
  /** @type {HTMLButtonElement} */
  const element = button(
    'Copy link',
    'A link that shows exactly this',
    async () => {
      address.write();
      say(element, (await copyLink()) ? 'Copied' : 'Copy the address above', 'Copy link');
    },
    { 'data-testid': 'aeviz-copy-link' },
  );
  return element;
}

/** @param {() => HTMLCanvasElement} canvas @param {State} state */
export function saveButton(canvas, state) {
  return button(
    'Save PNG',
    'Save the picture as a file',
    () => savePng(canvas(), `${state.view.model}-${state.view.mode}`),
    { 'data-testid': 'aeviz-save' },
  );
}

/**
 * Show the response to a click in the button itself.
 * @param {HTMLElement} element
 * @param {string} answer
 * @param {string} text
 */
function say(element, answer, text) {
  element.textContent = answer;
  setTimeout(() => {
    element.textContent = text;
  }, SAID_MS);
}
