/**
 * The modes of Explore. Each except the first has a panel, in a separate module that is loaded
 * at first use: `export function open(stage) -> Panel`.
 *
 * @typedef {object} Stage  the parts of Explore that a panel uses
 * @property {import('./gallery.js').Gallery} gallery
 * @property {string[]} colours  of the classes
 * @property {import('./state.js').State} state
 *   read `state.view`, move with `state.go(z)`, keep settings for the address in
 *   `state.remember({name: text})` and find them again in `state.view.params`
 * @property {import('./socket.js').LiveClient} client  `client.decode(codes)`, `client.encode(image)`
 * @property {import('./map.js').LatentMap | null} map  the open panel may use its overlays
 * @property {() => import('./projection.js').Projection} projection  the current one of the map
 * @property {(wrap: Wrap | null) => void} wrapProjection
 *   makes the map show `wrap(chosen projection)`. For the same projection, `wrap` must return the
 *   same result, so that nothing moves needlessly. Call it again when the result of `wrap` has
 *   changed, and with null when the panel closes. The pinned code stays.
 * @property {AbortSignal} signal  aborted when the panel is closed
 *
 * @typedef {(chosen: import('./projection.js').Projection) => import('./projection.js').Projection} Wrap
 *
 * @typedef {object} Panel
 * @property {HTMLElement} element
 * @property {import('./state.js').Listener} [update]
 *   called after every change of the state; costly work goes into the next frame
 * @property {() => void} [shown]  called once, when the element is on the page
 * @property {() => HTMLCanvasElement | null} [picture]  the picture for Save PNG, instead of the image
 * @property {() => void} close  removes the panel's drawings from the map
 *
 * @typedef {{id: string, label: string, hint: string, tools?: false,
 *   load?: () => Promise<{open: (stage: Stage) => Panel | Promise<Panel>}>,
 *   suits?: (gallery: import('./gallery.js').Gallery) => boolean}} Mode
 *   tools: false if the map is too small to be selected on
 */

import { h } from './dom.js';

/** @import { Gallery } from './gallery.js' */
/** @import { View } from './state.js' */

const withPoints = (/** @type {Gallery} */ gallery) => gallery.count > 1;

/** @type {Mode[]} */
export const MODES = [
  {
    id: 'drag',
    label: 'Drag',
    hint: 'Move over the map, drag the handle or a slider: the image follows.',
  },
  {
    id: 'interpolate',
    label: 'Interpolate',
    hint: 'Walk from A to B: straight or along an arc, compared with plain blending.',
    load: () => import('./mode_interpolate.js'),
    tools: false,
  },
  {
    id: 'manifold',
    label: 'Manifold',
    hint: 'Every tile is the image of its place. Move over them, click to go there.',
    load: () => import('./mode_manifold.js'),
    suits: (gallery) => withPoints(gallery) && gallery.latentDim > 1,
  },
  {
    id: 'traverse',
    label: 'Traverse',
    hint: 'One row per number: what this number alone changes. Click an image to go there.',
    load: () => import('./mode_traverse.js'),
  },
  {
    id: 'arithmetic',
    label: 'Arithmetic',
    hint: 'A − B + C: the difference between A and B, added to C.',
    load: () => import('./mode_arithmetic.js'),
  },
  {
    id: 'sample',
    label: 'Sample',
    hint: 'Codes drawn at random: which of them become images?',
    load: () => import('./mode_sample.js'),
    suits: withPoints,
  },
  {
    id: 'draw',
    label: 'Draw',
    hint: 'Draw on the pad: as the pen moves, your drawing moves through the latent space.',
    load: () => import('./mode_draw.js'),
    tools: false,
  },
  {
    id: 'two',
    label: 'Two models',
    hint: 'One pointer, two models: move over either map, or a slider, and compare.',
    load: () => import('./mode_two.js'),
    tools: false,
  },
];

/** The modes that make sense for a model. @param {Gallery} gallery */
export function modesFor(gallery) {
  return MODES.filter(({ suits }) => !suits || suits(gallery));
}

/**
 * Shows the panel of the state's mode. The previous panel stays until the next is ready, so that
 * nothing flickers.
 */
export class Modes {
  /** @param {Omit<Stage, 'signal'>} stage */
  constructor(stage) {
    this.stage = stage;
    this.list = modesFor(stage.gallery);
    /** @type {Panel | null} */
    this.panel = null;
    /** @type {AbortController | null} */
    this.opening = null;
    this.element = h('section', { class: 'aeviz-panel', 'data-testid': 'aeviz-panel', hidden: true });
  }

  /** @param {string} id */
  find(id) {
    return this.list.find((mode) => mode.id === id) ?? this.list[0];
  }

  /** @param {string} id */
  async show(id) {
    const mode = this.find(id);
    this.opening?.abort();
    const opening = (this.opening = new AbortController());
    const module = await mode.load?.().catch(failed);
    if (opening.signal.aborted) return;
    this.close();
    this.element.inert = true; // closed, but visible until the next is ready
    const open = async () => module?.open({ ...this.stage, signal: opening.signal });
    const panel = await open().catch((error) => failed(error).open());
    if (opening.signal.aborted) {
      panel?.close();
      return;
    }
    this.panel = panel ?? null;
    this.stage.map?.tools.offer(mode.tools ?? true);
    this.element.inert = false;
    this.element.replaceChildren(...(panel ? [panel.element] : []));
    this.element.hidden = !panel;
    this.element.dataset.mode = mode.id;
    const { state } = this.stage;
    panel?.shown?.();
    panel?.update?.(state.view, state.view, performance.now());
  }

  /** @param {View} view @param {Partial<View>} patch @param {number} time */
  update(view, patch, time) {
    if ('mode' in patch) this.show(view.mode);
    else this.panel?.update?.(view, patch, time);
  }

  picture() {
    return this.panel?.picture?.() ?? null;
  }

  close() {
    this.panel?.close();
    this.panel = null;
  }

  destroy() {
    this.opening?.abort();
    this.close();
  }
}

/**
 * A panel with an error, in place of a mode.
 * @param {Error} error
 * @returns {{open: () => Panel}}
 */
function failed(error) {
  console.error(error);
  const text =
    error instanceof TypeError // the browser's error if the server is unreachable
      ? 'This mode could not be loaded. Is the server running? Choose it again to retry.'
      : error.message;
  return {
    open: () => ({
      element: h('p', { class: 'aeviz-status', role: 'alert' }, text),
      close() {},
    }),
  };
}
