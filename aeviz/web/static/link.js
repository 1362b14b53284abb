/** A button that puts a link on the clipboard; `data`: {link, label, help, testid?}. */

import { h } from './dom.js';
import { icon } from './icons.js';
import { copyLink } from './share.js';

const SAID_MS = 2000;

/** @type {WeakMap<HTMLElement, LinkButton>} */
const buttons = new WeakMap();

/** @typedef {{link: string, label: string, help: string, testid?: string}} LinkData */

/** @param {import('./types.js').Component<LinkData>} component */
export default ({ data, parentElement }) => {
  const button = buttons.get(parentElement) ?? new LinkButton(parentElement);
  buttons.set(parentElement, button);
  button.show(data);
};

class LinkButton {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.words = h('span', { 'aria-live': 'polite' });
    this.button = h(
      'button',
      { type: 'button', class: 'av-link', onclick: () => this.copy() },
      icon('link'),
      this.words,
    );
    parent.append(this.button);
    this.link = '';
    this.label = '';
    this.saying = 0;
  }

  /** @param {LinkData} data */
  show({ link, label, help, testid = 'aeviz-settings-link' }) {
    this.link = link;
    this.label = label;
    this.button.title = help;
    this.button.dataset.testid = testid;
    if (!this.saying) this.words.textContent = label;
  }

  async copy() {
    if (!(await copyLink(this.link))) {
      window.prompt('Copy this link:', this.link);
      return;
    }
    this.words.textContent = 'Copied';
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      this.saying = 0;
      this.words.textContent = this.label;
    }, SAID_MS);
  }
}
