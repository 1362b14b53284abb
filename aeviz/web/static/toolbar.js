/** Tabs and small buttons, the same everywhere in the explorer. */

import { h } from './dom.js';

/** @import { Attributes } from './types.js' */

/** @typedef {ReturnType<typeof tabs>} Tabs */

/** @type {Record<string, number | undefined>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * A group of buttons of which one is chosen; arrow keys move between them.
 * @param {{id: string, label: string, hint?: string}[]} choices
 * @param {{name: string, testid: string, onChoose: (id: string) => void}} options
 *   `name`: the accessible name of the group, `testid`: the prefix of each button's handle
 */
export function tabs(choices, { name, testid, onChoose }) {
  const buttons = choices.map(({ id, label, hint }) =>
    h(
      'button',
      {
        type: 'button',
        'data-testid': `${testid}-${id}`,
        title: hint ?? null,
        onclick: () => onChoose(id),
      },
      label,
    ),
  );
  const step = (/** @type {KeyboardEvent} */ event) => {
    const by = STEPS[event.key];
    const focused = document.activeElement;
    const at = focused instanceof HTMLButtonElement ? buttons.indexOf(focused) : -1;
    if (!by || at < 0) return;
    buttons[(at + by + buttons.length) % buttons.length].focus();
    event.preventDefault();
  };
  const element = h(
    'div',
    { class: 'aeviz-tabs', role: 'group', 'aria-label': name, onkeydown: step },
    ...buttons,
  );
  return {
    element,
    /** @param {string | null | undefined} chosen */
    choose: (chosen) =>
      buttons.forEach((button, i) => {
        button.setAttribute('aria-pressed', String(choices[i].id === chosen));
        if (choices[i].id === chosen) scrollTo(element, button);
      }),
  };
}

/**
 * A plain button. `label` is its accessible name if its text is only a symbol.
 * @param {string | Node} content
 * @param {string} title
 * @param {(event: MouseEvent) => void} onclick
 * @param {Attributes} [attributes]
 */
export function button(content, title, onclick, attributes = {}) {
  return h('button', { type: 'button', class: 'aeviz-quiet', title, onclick, ...attributes }, content);
}

/**
 * A button to choose a picture from one's own files, and the file field that it opens.
 * @param {{testid: string, onFile: (file: File, time: number) => void}} options
 * @returns {HTMLElement[]}
 */
export function fileButton({ testid, onFile }) {
  const input = h('input', {
    type: 'file',
    accept: 'image/*',
    hidden: true,
    'data-testid': testid,
    onchange: (event) => {
      const [file] = input.files ?? [];
      input.value = ''; // so that the same file can be chosen again
      if (file) onFile(file, event.timeStamp);
    },
  });
  return [button('Upload', 'A picture of your own, from a file', () => input.click()), input];
}

/**
 * Let `element` accept a dropped file.
 * @param {HTMLElement} element
 * @param {(file: File, time: number) => void} onFile
 */
export function takeDrops(element, onFile) {
  element.ondragover = (event) => event.preventDefault();
  element.ondrop = (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) onFile(file, event.timeStamp);
  };
}

/**
 * Scroll a button into view in a row that is wider than the screen, once the row is laid out.
 * @param {HTMLElement} row
 * @param {HTMLElement} button
 */
function scrollTo(row, button) {
  requestAnimationFrame(() => {
    const beside = (row.clientWidth - button.offsetWidth) / 2;
    row.scrollLeft = button.offsetLeft - row.offsetLeft - beside;
  });
}
