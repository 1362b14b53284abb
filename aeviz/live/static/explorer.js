/**
 * Explore: the map, the decoded image, the clicked point and the sliders, around one state.
 *
 * The component is called again on every Streamlit rerun; it builds anew only for another model.
 */

import { Picture } from './canvas.js';
import { atMostEvery, h, oncePerFrame } from './dom.js';
import { codeOf, loadGallery } from './gallery.js';
import { legend } from './legend.js';
import { LatentMap } from './map.js';
import { mount } from './mount.js';
import { PinnedCard } from './pinned.js';
import { loadPlotly } from './plotly.js';
import { projections } from './projection.js';
import { Sliders } from './sliders.js';
import { connectTo } from './socket.js';
import { createState, mirrorAddress, readAddress } from './state.js';
import { StatusLine } from './status.js';

const PINNED_MS = 150;

/** @param {{data: {model: string, colours: string[]}, parentElement: HTMLElement}} component */
export default (component) => mount(component, open);

async function open(root, { model, colours }, signal) {
  const status = new StatusLine();
  loadPlotly().catch(() => {}); // on its way while the gallery is; the map tells of a failure
  const gallery = await loadGallery(model);
  if (signal.aborted) return () => {};
  const choices = projections(gallery);
  const wanted = readAddress(model, gallery.latentDim);
  const projectionOf = (id) => choices.find((choice) => choice.id === id) ?? choices[0];
  const first = wanted.z ? { z: wanted.z, point: null } : startingCode(gallery);
  const state = createState({
    model, projection: projectionOf(wanted.projection).id, preview: null, ...first,
  });
  const here = () => projectionOf(state.view.projection);

  const picture = new Picture(gallery.imageShape, {
    'data-testid': 'aeviz-canvas', 'aria-label': 'Decoded image',
  });
  const client = connectTo(gallery, status, (pixels) => picture.draw(pixels));
  const pinned = new PinnedCard(gallery, colours);
  const sliders = new Sliders(gallery.dims, (dimension, value, time) => {
    const z = Float32Array.from(state.view.z);
    z[dimension] = value;
    state.set({ z, preview: null, point: null }, time);
  });
  const map = !gallery.count ? null : new LatentMap({ ...gallery, colours, wheel: true }, {
    onMove: (x, y, time) => state.set({ preview: here().toCode(x, y, state.view.z) }, time),
    onLeave: (time) => state.set({ preview: null }, time),
    onPin: (x, y, index, time) => {
      const z = index < 0 ? here().toCode(x, y, state.view.z) : codeOf(gallery, index);
      state.set({ z, preview: null, point: index < 0 ? null : index }, time);
    },
  });
  const note = h('p', { class: 'aeviz-muted aeviz-note' });
  const tabs = projectionTabs(choices, (id) => state.set({ projection: id, preview: null }));

  const readouts = oncePerFrame(() => {
    pinned.showCode(state.shown);
    sliders.show(state.shown);
  });
  // A request of its own: seldom enough to leave the drag its place.
  const explain = atMostEvery(PINNED_MS, () => pinned.show(state.view.point, state.view.z, client));
  const settle = oncePerFrame(() => {
    if (map) map.setHandle(...here().toPlace(state.view.z));
    explain();
  });
  const stop = [
    state.subscribe((view, patch, time) => {
      if ('z' in patch || 'preview' in patch) {
        client.move(view.preview ?? view.z, time); // first of all: the rest can wait for the frame
        readouts();
      }
      if ('z' in patch) settle();
      if ('projection' in patch) {
        note.textContent = here().note;
        tabs.choose(view.projection);
        map.show(here().points, here().axes, here().toPlace(view.z));
      }
    }),
    mirrorAddress(state),
  ];

  const actions = h('div', { class: 'aeviz-actions' },
    button('Reset', 'Back to the first code', () =>
      state.set({ ...startingCode(gallery), preview: null })),
    button(gallery.gaussian ? 'Sample' : 'Random', sampleHelp(gallery), () =>
      state.set({ z: sample(gallery), preview: null, point: null })));
  root.replaceChildren(status.element, h('div', { class: 'aeviz-explorer' },
    map && h('div', { class: 'aeviz-mapside' },
      h('div', { class: 'aeviz-bar' },
        choices.length > 1 ? tabs.element : h('h4', {}, 'Latent map'), zoomButtons(map)),
      h('div', { class: 'aeviz-mapframe' }, map.element),
      gallery.classNames.length > 1
        ? legend(gallery.classNames, colours, (i, visible) => map.toggleClass(i, visible)) : null,
      note),
    h('figure', { class: 'aeviz-decoded' },
      h('h4', { class: 'aeviz-bar' }, 'Decoded'),
      picture.canvas,
      h('figcaption', {}, map
        ? 'Follows the pointer over the map. Click or drag there to keep a place.'
        : 'This model has no gallery to draw a map of: use the sliders.')),
    pinned.element),
  h('section', { class: 'aeviz-dims' },
    h('div', { class: 'aeviz-bar' }, h('h4', {}, slidersTitle(gallery)), actions),
    sliders.element));

  note.textContent = here().note;
  tabs.choose(state.view.projection);
  client.move(state.view.z);
  readouts();
  const drawn = map?.start(here().points, here().axes);
  settle();
  await drawn;
  return () => {
    stop.forEach((end) => end());
    client.close();
    pinned.destroy();
    if (map) map.destroy();
  };
}

/** The first image of the gallery; without one the mean code. */
function startingCode(gallery) {
  if (gallery.count) return { z: codeOf(gallery, 0), point: 0 };
  const z = new Float32Array(gallery.latentDim);
  for (const { index, mean } of gallery.dims) z[index] = mean;
  return { z, point: null };
}

/** A draw from the prior; for codes without one, from a Gaussian as wide as the codes are. */
function sample({ gaussian, dims, latentDim }) {
  const z = new Float32Array(latentDim);
  for (const { index, mean, std, low } of dims) {
    const eps = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    z[index] = gaussian ? eps : mean + std * eps;
    if (!gaussian && low >= 0) z[index] = Math.max(0, z[index]); // codes that are never negative
  }
  return z;
}

function sampleHelp({ gaussian }) {
  return gaussian
    ? 'Draw a new code from the prior, N(0, 1) in each dimension'
    : 'Draw each number as the gallery’s codes have it; this model has no prior to sample from';
}

function slidersTitle({ count, dims, latentDim }) {
  const active = dims.filter((dim) => dim.active).length;
  if (latentDim === 1) return 'The code';
  if (!count) return `${latentDim} dimensions`;
  const all = `${latentDim} dimensions, the most informative first`;
  return active === latentDim ? all : `${all} · ${active} carry information`;
}

function projectionTabs(choices, onChoose) {
  const tabs = choices.map(({ id, label }) => h('button', {
    type: 'button', 'data-testid': `aeviz-projection-${id}`, onclick: () => onChoose(id),
  }, label));
  return {
    element: h('div', { class: 'aeviz-tabs', role: 'group', 'aria-label': 'Projection' }, ...tabs),
    choose: (chosen) => tabs.forEach((tab, i) =>
      tab.setAttribute('aria-pressed', choices[i].id === chosen)),
  };
}

function zoomButtons(map) {
  return h('div', { class: 'aeviz-actions' },
    button('+', 'Closer', () => map.zoom(0.7)),
    button('−', 'Further away', () => map.zoom(1 / 0.7)),
    button('⤢', 'Show all points', () => map.resetView()));
}

function button(text, title, onclick) {
  return h('button', { type: 'button', class: 'aeviz-quiet', title, onclick }, text);
}
