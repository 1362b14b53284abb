/**
 * Drawing pad with live reconstruction and code. With `report`, a drawing that has
 * not changed for a moment is also passed to Python as the component's value `drawing`: a list of H * W * C bytes.
 */

import { CodeBars } from './bars.js';
import { Picture } from './canvas.js';
import { connectTo } from './connect.js';
import { h } from './dom.js';
import { DrawingPad } from './draw.js';
import { followDrawing, toBytes } from './follow.js';
import { loadGallery } from './gallery.js';
import { mount } from './mount.js';
import { StatusLine } from './status.js';

const REST_MS = 400;

/** @typedef {import('./types.js').Component<{model: string, report: boolean}>} DrawingComponent */

/** @param {DrawingComponent} component */
export default (component) =>
  mount(component, (root, data, signal) => open(root, data, signal, component.setStateValue));

/**
 * @param {HTMLElement} root
 * @param {DrawingComponent['data']} data
 * @param {AbortSignal} signal
 * @param {DrawingComponent['setStateValue']} setStateValue
 */
async function open(root, { model, report }, signal, setStateValue) {
  const gallery = await loadGallery(model);
  if (signal.aborted) return () => {};
  const status = new StatusLine();
  const picture = new Picture(gallery.imageShape, {
    'data-testid': 'aeviz-reconstruction',
    'aria-label': 'Reconstruction of the drawing',
  });
  const bars = new CodeBars(gallery.dims);
  const error = h('p', { class: 'aeviz-muted' }, 'Draw on the left.');
  const client = connectTo(gallery, status);

  const follow = followDrawing(
    client,
    (reply) => {
      picture.draw(reply.pixels);
      bars.draw(reply.code);
      bars.describe(reply.code);
      error.textContent = `MSE ${reply.error.toPrecision(2)} per pixel`;
    },
    signal,
  );
  let resting = 0;
  const pad = new DrawingPad(
    gallery.imageShape,
    (image, time) => {
      follow(image, time);
      if (!report) return;
      clearTimeout(resting);
      resting = setTimeout(
        () => setStateValue('drawing', pad.empty ? null : Array.from(toBytes(image))),
        REST_MS,
      );
    },
    { centre: gallery.handwriting },
  );

  root.replaceChildren(
    status.element,
    h(
      'div',
      { class: 'aeviz-draw' },
      h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Draw here'), pad.element),
      h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Code'), bars.canvas, error),
      h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Reconstruction'), picture.canvas),
    ),
  );
  return () => {
    clearTimeout(resting);
    client.close();
    bars.destroy();
  };
}
