/**
 * The life cycle of a component in Streamlit: built once per element and data, torn down on removal.
 */

import { h } from './dom.js';

/** @import { Component } from './types.js' */

/** @type {WeakMap<HTMLElement, {key: string, end: () => void}>} */
const mounted = new WeakMap();

/**
 * @template Data
 * @param {Pick<Component<Data>, 'data' | 'parentElement'>} component  as Streamlit calls it
 * @param {(root: HTMLElement, data: Data, signal: AbortSignal) => Promise<() => void>} open
 *   builds into `root` and returns a function that tears it down
 * @returns {() => void} Streamlit calls it when the element is removed
 */
export function mount({ data, parentElement }, open) {
  const key = JSON.stringify(data);
  const before = mounted.get(parentElement);
  if (before?.key === key) return before.end;
  before?.end();

  const found = parentElement.querySelector(':scope > .aeviz');
  const root = found instanceof HTMLElement ? found : h('div', { class: 'aeviz' });
  if (!found) parentElement.append(root);
  const leaving = new AbortController();
  const opened = open(root, data, leaving.signal).catch((error) => {
    console.error(error);
    if (!leaving.signal.aborted) {
      root.replaceChildren(h('p', { class: 'aeviz-status', role: 'alert' }, error.message));
    }
    return () => {};
  });
  const end = () => {
    if (leaving.signal.aborted) return;
    leaving.abort();
    mounted.delete(parentElement);
    opened.then((close) => close());
  };
  mounted.set(parentElement, { key, end });
  return end;
}
