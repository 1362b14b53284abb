/** A button that puts a link on the clipboard; `data`: {link, label, help}. */

import { h } from './dom.js';
import { copyLink } from './share.js';

const SAID_MS = 2000;

/** @param {{data: any, parentElement: HTMLElement}} component */
export default ({ data, parentElement }) => {
  let button = parentElement.querySelector(':scope > .av-link');
  if (!button) {
    button = h(
      'button',
      {
        type: 'button',
        class: 'av-link',
        'data-testid': 'aeviz-settings-link',
      },
      h('span', { 'aria-live': 'polite' }),
    );
    parentElement.append(button);
  }
  const words = button.firstChild;
  button.title = data.help;
  if (!button.saying) words.textContent = data.label;
  button.onclick = async () => {
    if (!(await copyLink(data.link))) {
      window.prompt('Copy this link:', data.link);
      return;
    }
    words.textContent = 'Copied';
    clearTimeout(button.saying);
    button.saying = setTimeout(() => {
      button.saying = null;
      words.textContent = data.label;
    }, SAID_MS);
  };
};
