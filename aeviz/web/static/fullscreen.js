/** A button that toggles full screen for an element, for a projector. */

import { h } from './dom.js';

const TEXT = 'Full screen';

/**
 * Null if the browser does not support it, as on some phones.
 * @param {() => HTMLElement} target
 * @param {string} testid
 * @param {AbortSignal} signal  ends it
 */
export function fullScreenButton(target, testid, signal) {
  if (!document.fullscreenEnabled) return null;
  const button = h('button', {
    type: 'button',
    class: 'aeviz-quiet',
    'data-testid': testid,
    onclick: () => (document.fullscreenElement ? document.exitFullscreen() : target().requestFullscreen()),
  });
  const tell = () => {
    const on = document.fullscreenElement === target();
    button.textContent = on ? 'Leave full screen' : TEXT;
    button.title = on ? 'Back to the page (Escape)' : 'Fill the whole screen, for a projector';
  };
  document.addEventListener('fullscreenchange', tell, { signal });
  tell();
  return button;
}
