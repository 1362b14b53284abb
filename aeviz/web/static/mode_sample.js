/**
 * Sample: codes drawn from the prior beside codes drawn from a mixture fitted to the gallery's; and,
 * if codes are Gaussian, draws around one image. In the address: `show=image` for the latter,
 * `seed` for the draws.
 */

import { h } from './dom.js';
import { Draws } from './sample_draws.js';
import { AroundImage } from './sample_image.js';
import { tabs } from './toolbar.js';

/**
 * @typedef {object} SampleView
 * @property {HTMLElement} element
 * @property {HTMLElement[]} tools  for the bar above it
 * @property {() => void} start  when it is on the page
 * @property {(patch: Partial<import('./state.js').View>) => void} update
 * @property {() => HTMLCanvasElement} picture
 * @property {() => void} close
 */

/**
 * @type {{id: string, label: string, hint: string,
 *   View: new (stage: import('./modes.js').Stage) => SampleView}[]}
 */
const VIEWS = [
  {
    id: 'draws',
    label: 'New codes',
    hint: 'Draws from the prior, and from a mixture fitted to the codes',
    View: Draws,
  },
  { id: 'image', label: 'Around one image', hint: 'z = μ + σ · ε, one ε at a time', View: AroundImage },
];

/** @param {import('./modes.js').Stage} stage */
export function open(stage) {
  const { gallery, state } = stage;
  const views = VIEWS.filter(({ id }) => id === 'draws' || gallery.logvar);
  const wanted = () => views.find(({ id }) => id === state.view.params.show) ?? views[0];
  const choice = tabs(views, {
    name: 'What to draw',
    testid: 'aeviz-sample',
    onChoose: (id) => state.remember({ show: id === 'draws' ? null : id }),
  });
  const bar = h('div', { class: 'aeviz-bar' });
  const body = h('div');
  /** @type {(typeof VIEWS)[number] | null} */
  let shown = null;
  /** @type {SampleView | null} */
  let view = null;
  const show = () => {
    if (shown === wanted()) return;
    view?.close();
    shown = wanted();
    view = new shown.View(stage);
    choice.choose(shown.id);
    bar.replaceChildren(...(views.length > 1 ? [choice.element] : []), ...view.tools);
    body.replaceChildren(view.element);
    view.start();
  };
  return {
    element: h('div', { class: 'aeviz-sample' }, bar, body),
    /** @type {import('./state.js').Listener} */
    update(_, patch) {
      const before = view;
      show();
      if (view === before) view?.update(patch);
    },
    picture: () => view?.picture() ?? null,
    close: () => view?.close(),
  };
}
