/** One line about the connection, only if there is something to report. */

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

/** The message of an error, as a sentence for the page. @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
