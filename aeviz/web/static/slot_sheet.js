/** A button that opens a sheet beside it; a click elsewhere, Escape or Done closes it. */

import { h } from './dom.js';
import { button } from './toolbar.js';

/**
 * @param {{text: string, title: string, testid: string, onOpen: () => void}} options
 * @param {() => HTMLElement[]} content  fills the sheet when it first opens
 * @param {AbortSignal} signal  removes the listener for clicks elsewhere
 */
export function sheetButton({ text, title, testid, onOpen }, content, signal) {
  const sheet = h('div', { class: 'aeviz-padsheet', hidden: true });
  const show = (/** @type {boolean} */ open) => {
    if (open) onOpen();
    if (open && !sheet.firstChild) {
      const done = button('Done', 'Close', () => show(false));
      sheet.append(...content(), done);
    }
    sheet.hidden = !open;
    toggle.setAttribute('aria-expanded', String(open));
  };
  const toggle = button(text, title, () => show(sheet.hidden), {
    'aria-expanded': 'false',
    'data-testid': testid,
  });
  sheet.onkeydown = (event) => {
    if (event.key !== 'Escape') return;
    show(false);
    toggle.focus();
  };
  const closeFromOutside = (/** @type {Event} */ { target }) => {
    const inside = target === toggle || (target instanceof Node && sheet.contains(target));
    if (!sheet.hidden && !inside) show(false);
  };
  document.addEventListener('pointerdown', closeFromOutside, { signal });
  return { element: h('span', { class: 'aeviz-padplace' }, toggle, sheet), sheet };
}
