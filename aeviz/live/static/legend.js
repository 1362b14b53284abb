/** The classes as a row of switches: colour and name; a click hides or shows the class. */

import { h } from './dom.js';

/**
 * @param {string[]} classNames
 * @param {string[]} colours
 * @param {(index: number, visible: boolean) => void} onToggle
 */
export function legend(classNames, colours, onToggle) {
  const keys = classNames.map((name, i) => h('button', {
    type: 'button',
    class: 'aeviz-key',
    'aria-pressed': 'true',
    title: `Hide or show ${name}`,
    style: `--class: ${colours[i % colours.length]}`,
    onclick: (event) => {
      const key = event.currentTarget;
      const visible = key.getAttribute('aria-pressed') !== 'true';
      key.setAttribute('aria-pressed', visible);
      onToggle(i, visible);
    },
  }, name));
  return h('div', { class: 'aeviz-legend', role: 'group', 'aria-label': 'Classes' }, ...keys);
}
