/** One line that says how the connection is, only where there is something to say. */

import { h } from './dom.js';

export class StatusLine {
  constructor() {
    this.element = h('div', {
      class: 'aeviz-status',
      role: 'status',
      'data-testid': 'aeviz-status',
      hidden: true,
    });
  }

  /** @param {import('./socket.js').Status} status */
  show({ kind, text }) {
    this.element.hidden = kind === 'open' || kind === 'connecting';
    this.element.dataset.kind = kind;
    this.element.textContent = text;
  }
}

/** What an error says, as a sentence for the page. @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
