/**
 * The classes as a row of switches: a click hides or shows one; a double click, or a click with Alt or
 * Shift held (or the keys), shows only this one, and a second one shows the others again.
 */

import { h } from './dom.js';

/**
 * @param {string[]} classNames
 * @param {string[]} colours
 * @param {(index: number, visible: boolean) => void} onToggle
 */
export function legend(classNames, colours, onToggle) {
  const visible = classNames.map(() => true);
  /** @param {number} i @param {boolean} shown */
  const set = (i, shown) => {
    if (visible[i] === shown) return;
    visible[i] = shown;
    keys[i].setAttribute('aria-pressed', String(shown));
    onToggle(i, shown);
  };
  /** @param {number} i */
  const isolate = (i) => {
    const alone = visible.every((shown, j) => !shown || j === i);
    visible.forEach((_, j) => set(j, alone || j === i));
  };
  /** @type {HTMLButtonElement[]} */
  const keys = classNames.map((name, i) =>
    h(
      'button',
      {
        type: 'button',
        class: 'aeviz-key',
        'aria-pressed': 'true',
        'aria-label': `Class ${name}`,
        title: `Click: hide or show ${name}. Double-click or Alt-click: ${name} alone.`,
        style: `--class: ${colours[i % colours.length]}`,
        onclick: (event) => {
          // The first click of a double click has already hidden or shown this class.
          if (event.detail === 2 || event.altKey || event.shiftKey) isolate(i);
          else set(i, !visible[i]);
        },
      },
      name,
    ),
  );
  return h('div', { class: 'aeviz-legend', role: 'group', 'aria-label': 'Classes' }, ...keys);
}
