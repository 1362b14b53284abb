/**
 * Draw, and see the reconstruction and the code follow the pen. With `report`, a drawing that has
 * rested is also handed to Python as the component's value `drawing`: a list of H * W * C bytes.
 */

import { CodeBars } from './bars.js';
import { meanSquaredError, Picture } from './canvas.js';
import { h } from './dom.js';
import { DrawingPad } from './draw.js';
import { loadGallery } from './gallery.js';
import { mount } from './mount.js';
import { connectTo } from './socket.js';
import { StatusLine } from './status.js';

const REST_MS = 400;
const MEASURE = 'aeviz.encode';
const KEPT_MEASURES = 4000;

/** @param {{data: {model: string, report: boolean}, parentElement: HTMLElement,
 *   setStateValue: (name: string, value: any) => void}} component */
export default (component) =>
  mount(component, (root, data, signal) => open(root, data, signal, component.setStateValue));

async function open(root, { model, report }, signal, setStateValue) {
  const gallery = await loadGallery(model);
  if (signal.aborted) return () => {};
  const status = new StatusLine();
  const picture = new Picture(gallery.imageShape, {
    'data-testid': 'aeviz-reconstruction', 'aria-label': 'Reconstruction of the drawing',
  });
  const bars = new CodeBars(gallery.dims);
  const error = h('p', { class: 'aeviz-muted' }, 'Draw on the left.');
  const client = connectTo(gallery, status);

  let newest = null;
  let busy = false;
  let resting;
  const follow = async () => {
    if (busy) return; // the newest image is taken when the one under way is done
    busy = true;
    while (newest && !signal.aborted) {
      const { image, time } = newest;
      newest = null;
      const { code, pixels } = await client.encode(image);
      picture.draw(pixels);
      bars.draw(code);
      bars.describe(code);
      performance.measure(MEASURE, { start: time, end: performance.now() });
      const drawn = Uint8Array.from(image, (value) => Math.round(255 * value));
      error.textContent = `MSE ${meanSquaredError(drawn, pixels).toPrecision(2)} per pixel`;
    }
    busy = false;
    if (performance.getEntriesByName(MEASURE).length > KEPT_MEASURES) {
      performance.clearMeasures(MEASURE);
    }
  };
  const pad = new DrawingPad(gallery.imageShape, (image, time) => {
    newest = { image, time };
    follow();
    if (!report) return;
    clearTimeout(resting);
    resting = setTimeout(() => setStateValue(
      'drawing', pad.empty ? null : Array.from(image, (value) => Math.round(255 * value)),
    ), REST_MS);
  });

  root.replaceChildren(status.element, h('div', { class: 'aeviz-draw' },
    h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Draw here'), pad.element),
    h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Code'), bars.canvas, error),
    h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Reconstruction'), picture.canvas)));
  return () => {
    clearTimeout(resting);
    client.close();
    bars.destroy();
  };
}
