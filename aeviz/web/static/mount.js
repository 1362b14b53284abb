/**
 * Life of a component in Streamlit: built once per element and data, torn down when it goes.
 */

import { h } from './dom.js';

const mounted = new WeakMap();

/**
 * @param {{data: any, parentElement: HTMLElement}} component  as Streamlit calls it
 * @param {(root: HTMLElement, data: any, signal: AbortSignal) => Promise<() => void>} open
 *   builds into `root` and answers how to take it down again
 * @returns {() => void} Streamlit calls it when the element is removed
 */
export function mount({ data, parentElement }, open) {
  const key = JSON.stringify(data);
  const before = mounted.get(parentElement);
  if (before?.key === key) return before.end;
  before?.end();

  let root = parentElement.querySelector(':scope > .aeviz');
  if (!root) {
    root = h('div', { class: 'aeviz' });
    parentElement.append(root);
  }
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
