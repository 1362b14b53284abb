/**
 * Sample: codes drawn from the prior beside codes drawn from a mixture fitted to the gallery's; and,
 * where codes are Gaussian, draws around one image. In the address: `show=image` for the latter,
 * `seed` for the draws.
 */

import { h } from './dom.js';
import { Draws } from './sample_draws.js';
import { AroundImage } from './sample_image.js';
import { tabs } from './toolbar.js';

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
  let shown = null;
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
    update(now, patch) {
      const before = view;
      show();
      if (view === before) view.update(patch);
    },
    picture: () => view.picture(),
    close: () => view?.close(),
  };
}
