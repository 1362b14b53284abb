/**
 * Explore: map, decoded image, side card, the mode's panel and the sliders, around one state.
 *
 * The component is called again on every Streamlit rerun; it is rebuilt only for another model.
 */

import { Picture } from './canvas.js';
import { connectAhead, connectTo } from './connect.js';
import { atMostEvery, h, oncePerFrame } from './dom.js';
import { linkButton, sampleHelp, saveButton, slidersTitle, zoomButtons } from './explorer_parts.js';
import { fullScreenButton } from './fullscreen.js';
import { codeOf, loadGallery } from './gallery.js';
import { legend } from './legend.js';
import { LatentMap } from './map.js';
import { Modes } from './modes.js';
import { mount } from './mount.js';
import { PinnedCard } from './pinned.js';
import { clearest, codeUnder, projections } from './projection.js';
import { projectionNote } from './projection_note.js';
import { Sliders } from './sliders.js';
import { randomCode, startingCode } from './start.js';
import { createState, mirrorAddress, readAddress } from './state.js';
import { StatusLine } from './status.js';
import { button, tabs } from './toolbar.js';

/** @import { Gallery } from './gallery.js' */
/** @import { Projection } from './projection.js' */
/** @import { View } from './state.js' */
/** @typedef {(id: string | null) => Projection} ProjectionOf */

const PINNED_MS = 150;
const FOLLOWS = 'Follows the pointer over the map; a click keeps the place.';
const ON_SLICE =
  'On a dot: that dot’s own code. Elsewhere: a slice through the kept code. A click keeps the place.';

/** @typedef {{model: string, colours: string[]}} ExplorerData */

/** @param {import('./types.js').Component<ExplorerData>} component */
export default (component) => mount(component, open);

/** @param {HTMLElement} root @param {ExplorerData} data @param {AbortSignal} signal */
async function open(root, { model, colours }, signal) {
  const status = new StatusLine();
  connectAhead(model, signal);
  const gallery = await loadGallery(model);
  if (signal.aborted) return () => {};
  const choices = projections(gallery);
  /** @type {ProjectionOf} */
  const projectionOf = (id) => choices.find((choice) => choice.id === id) ?? clearest(choices);
  const state = createState(initialView(gallery, choices, projectionOf));
  /** A panel's transformation of the plane. @type {import('./modes.js').Wrap | null} */
  let wrap = null;
  const projection = () => {
    const chosen = projectionOf(state.view.projection);
    return wrap ? wrap(chosen) : chosen;
  };

  const picture = new Picture(gallery.imageShape, {
    'data-testid': 'aeviz-canvas',
    'aria-label': 'Decoded image',
  });
  const client = connectTo(gallery, status, (pixels) => picture.draw(pixels));
  client.move(state.view.z); // requested early, so that it is ready when everything else is built
  const pinned = new PinnedCard(gallery, colours, {
    onPin: (index, time) => state.go(codeOf(gallery, index), index, time),
  });
  const sliders = new Sliders(gallery.dims, (dimension, value, time) => {
    const z = Float32Array.from(state.view.z);
    z[dimension] = value;
    state.set({ z, point: null, preview: null }, time); // its own slider also moves a locked number
  });
  state.guard = (z) => sliders.keepLocked(z, state.view.z);
  const map = !gallery.count
    ? null
    : new LatentMap(
        { ...gallery, colours, wheel: true },
        {
          onMove: (x, y, index, time) =>
            state.look(codeUnder(projection(), gallery, { x, y, index }, state.view.z), time),
          onLeave: (time) => state.set({ preview: null }, time),
          onPin: (x, y, index, time) =>
            index < 0
              ? state.go(projection().toCode(x, y, state.view.z), null, time)
              : state.go(codeOf(gallery, index), index, time),
        },
      );
  let onMap = projection();
  const showProjection = () => {
    if (projection() === onMap) return;
    onMap = projection();
    map?.show(onMap.points, onMap.axes, onMap.toPlace(state.view.z));
    label();
  };
  /** @param {import('./modes.js').Wrap | null} wrapper */
  const wrapProjection = (wrapper) => {
    wrap = wrapper;
    showProjection();
  };
  const modes = new Modes({ gallery, colours, state, client, map, projection, wrapProjection });
  const address = mirrorAddress(state);

  const mapNote = h('p', { class: 'aeviz-muted aeviz-note' });
  const caption = h('figcaption', {}, 'This model has no gallery to draw a map of: use the sliders.');
  const hint = h('p', { class: 'aeviz-muted', 'data-testid': 'aeviz-hint' });
  const projectionTabs = tabs(choices, {
    name: 'Projection',
    testid: 'aeviz-projection',
    onChoose: (id) => state.set({ projection: id, preview: null }),
  });
  const modeTabs = tabs(modes.list, {
    name: 'Mode',
    testid: 'aeviz-mode',
    onChoose: (id) => state.set({ mode: id, params: {}, preview: null }),
  });
  const label = () => {
    projectionTabs.choose(state.view.projection);
    modeTabs.choose(modes.find(state.view.mode).id);
    mapNote.replaceChildren(...projectionNote(projection()));
    if (map) caption.textContent = projection().slice ? ON_SLICE : FOLLOWS;
    hint.textContent = modes.find(state.view.mode).hint;
  };

  const readouts = oncePerFrame(() => {
    pinned.showCode(state.shown);
    sliders.show(state.shown);
  });
  // A separate request: rare enough not to slow down the drag.
  const explain = atMostEvery(PINNED_MS, () => pinned.show(state.view.point, state.view.z, client));
  const settle = oncePerFrame(() => {
    if (map) map.setHandle(...projection().toPlace(state.view.z));
    explain();
  });
  const stop = state.subscribe((view, patch, time) => {
    if ('z' in patch || 'preview' in patch) {
      client.move(view.preview ?? view.z, time); // first, because everything else can wait for the frame
      readouts();
    }
    if ('z' in patch) settle();
    if ('projection' in patch) showProjection();
    if ('mode' in patch) label();
    modes.update(view, patch, time);
  });

  const actions = h(
    'div',
    { class: 'aeviz-actions' },
    button('Reset', 'Back to the first code', () => {
      const { z, point } = startingCode(gallery);
      state.go(z, point);
    }),
    button(gallery.gaussian ? 'Sample' : 'Random', sampleHelp(gallery), () => state.go(randomCode(gallery))),
  );
  root.replaceChildren(
    status.element,
    h(
      'div',
      { class: 'aeviz-toolbar' },
      modeTabs.element,
      hint,
      h(
        'div',
        { class: 'aeviz-actions' },
        fullScreenButton(() => root, 'aeviz-full-screen', signal),
        linkButton(address),
        saveButton(() => modes.picture() ?? picture.canvas, state),
      ),
    ),
    h(
      'div',
      { class: 'aeviz-stage' },
      h(
        'div',
        { class: 'aeviz-explorer' },
        map &&
          h(
            'div',
            { class: 'aeviz-mapside' },
            h(
              'div',
              { class: 'aeviz-bar' },
              choices.length > 1 ? projectionTabs.element : h('h2', {}, 'Latent map'),
              zoomButtons(map),
            ),
            h('div', { class: 'aeviz-mapframe' }, map.element),
            gallery.classNames.length > 1
              ? legend(gallery.classNames, colours, (i, visible) => map.toggleClass(i, visible))
              : null,
            mapNote,
            map.selection.element,
          ),
        h(
          'figure',
          { class: 'aeviz-decoded' },
          h('h2', { class: 'aeviz-bar' }, 'Decoded'),
          picture.canvas,
          caption,
        ),
        pinned.element,
      ),
      modes.element,
    ),
    h(
      'section',
      { class: 'aeviz-dims' },
      h('div', { class: 'aeviz-bar' }, h('h2', {}, slidersTitle(gallery)), actions),
      sliders.element,
    ),
  );

  label();
  readouts();
  modes.show(state.view.mode);
  // Not awaited, so that leaving the page meanwhile takes effect at once.
  map
    ?.start(projection().points, projection().axes)
    .catch((error) => status.show({ kind: 'lost', text: error.message }));
  settle();
  return () => {
    stop();
    address.stop();
    modes.destroy();
    client.close();
    pinned.destroy();
    map?.destroy();
  };
}

/**
 * The view in the address; the default is the first image in the most trustworthy projection.
 * @param {Gallery} gallery
 * @param {Projection[]} choices
 * @param {ProjectionOf} projectionOf
 * @returns {View}
 */
function initialView(gallery, choices, projectionOf) {
  const wanted = readAddress(gallery.name, gallery.latentDim);
  return {
    model: gallery.name,
    projection: choices.length > 1 ? projectionOf(wanted.projection).id : null,
    mode: wanted.mode ?? 'drag',
    params: wanted.params,
    preview: null,
    ...(wanted.z ? { z: wanted.z, point: null } : startingCode(gallery)),
  };
}
