/** Home: a map, and beside it the decoded image of the place under the pointer. */

import { Picture } from './canvas.js';
import { connectAhead, connectTo } from './connect.js';
import { h } from './dom.js';
import { codeOf, loadGallery } from './gallery.js';
import { LatentMap } from './map.js';
import { mount } from './mount.js';
import { projections } from './projection.js';
import { StatusLine } from './status.js';

/** @typedef {{model: string, colours: string[]}} HomeData */

/** @param {import('./types.js').Component<HomeData>} component */
export default (component) => mount(component, open);

/** @param {HTMLElement} root @param {HomeData} data @param {AbortSignal} signal */
async function open(root, { model, colours }, signal) {
  connectAhead(model, signal);
  const gallery = await loadGallery(model, '?part=map');
  if (signal.aborted) return () => {};
  const [projection] = projections(gallery);
  const status = new StatusLine();
  const picture = new Picture(gallery.imageShape, {
    'data-testid': 'aeviz-canvas',
    'aria-label': 'Decoded image',
  });
  const client = connectTo(gallery, status, (pixels) => picture.draw(pixels));
  /** @type {Float32Array} */
  let code = gallery.count ? codeOf(gallery, 0) : new Float32Array(gallery.latentDim);
  /** @type {import('./map.js').MapListener['onMove']} */
  const visit = (x, y, _, time) => {
    code = projection.toCode(x, y, code);
    map.setHandle(x, y);
    readout.textContent = `z = (${[...code].slice(0, 2).map(number).join(', ')})`;
    client.move(code, time);
  };
  const map = new LatentMap(
    { ...gallery, colours, wheel: false, plain: true },
    {
      onMove: visit,
      onPin: visit,
      onLeave: () => {}, // the last image stays
    },
  );
  const readout = h('figcaption', { class: 'aeviz-readout' });
  root.replaceChildren(
    status.element,
    h(
      'div',
      { class: 'aeviz-home' },
      h('div', { class: 'aeviz-mapframe' }, map.element),
      h('figure', { class: 'aeviz-decoded' }, picture.canvas, readout),
    ),
  );
  // Not awaited, so that leaving the page meanwhile takes effect at once.
  map
    .start(projection.points, projection.axes)
    .catch((error) => status.show({ kind: 'lost', text: error.message }));
  visit(...projection.toPlace(code), -1, performance.now());
  return () => {
    client.close();
    map.destroy();
  };
}

const number = (/** @type {number} */ value) => value.toFixed(2).replace('-', '−');
