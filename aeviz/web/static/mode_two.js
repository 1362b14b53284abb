/**
 * Two models, one pointer: both show what is under it on either map. `with` in the address
 * names the other model, `by` says what they share: the place, or the input image.
 */

import { h } from './dom.js';
import { comparable } from './model_list.js';
import { SecondModel } from './second_model.js';
import { messageOf } from './status.js';

/** @import { Panel, Stage } from './modes.js' */

/** @param {Stage} stage @returns {Promise<Panel>} */
export async function open(stage) {
  const { gallery, state, signal } = stage;
  const others = await comparable(gallery);
  if (!others.length) {
    const text = 'There is no other model of images of this size yet: train one, and compare it here.';
    return { element: h('p', { class: 'aeviz-muted' }, text), close() {} };
  }
  const chosen = others.find(({ name }) => name === state.view.params.with) ?? others[0];
  /** @type {HTMLSelectElement} */
  const select = h(
    'select',
    {
      class: 'aeviz-select',
      'aria-label': 'The other model',
      'data-testid': 'aeviz-other-model',
      onchange: () => show(select.value),
    },
    ...others.map(({ name, label }) => h('option', { value: name, selected: name === chosen.name }, label)),
  );
  const body = h('div', { class: 'aeviz-second' });
  const element = h('div', { class: 'aeviz-two' }, h('div', { class: 'aeviz-bar' }, select), body);

  /** @type {SecondModel | null} */
  let second = null;
  let asked = '';
  const show = async (/** @type {string} */ name) => {
    asked = name;
    /** @type {SecondModel | Error} */
    const opened = await SecondModel.open(stage, name).catch((error) => error);
    if (signal.aborted || asked !== name) {
      if (opened instanceof SecondModel) opened.close();
      return;
    }
    second?.close();
    second = opened instanceof SecondModel ? opened : null;
    body.replaceChildren(
      second?.element ?? h('p', { class: 'aeviz-status', role: 'alert' }, messageOf(opened)),
    );
    if (!second) return;
    state.remember({ with: name, by: second.way });
    if (element.isConnected) second.start();
  };
  await show(chosen.name);
  return {
    element,
    shown: () => second?.start(),
    update: (view, patch, time) => second?.update(view, patch, time),
    close: () => second?.close(),
  };
}
