/** A notice at the bottom of the page if a proxy passes on the page, but not its sockets and uploads. */

import { whyRefused } from './connection.js';

const sentence = await whyRefused();
if (sentence) {
  const bar = document.createElement('div');
  bar.setAttribute('role', 'alert');
  bar.dataset.testid = 'aeviz-notice';
  bar.style.cssText =
    'position: fixed; inset: auto 0 0 0; z-index: 1000000; padding: 0.75rem 1rem; color: #1d2523; ' +
    'background: #fff3cd; border-top: 2px solid #b58900; font: 1rem/1.5 sans-serif;';
  bar.append(sentence);
  document.body.append(bar);
}
