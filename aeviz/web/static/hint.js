/** One line on the map that says how to use it, for a while or until the person has done so. */

import { h } from './dom.js';

const READING_MS = 2500;
const STAYS_MS = 5000;

let known = false; // once per visit, not once for each model
/** @type {Set<HTMLElement>} */
const shown = new Set();

export class Hint {
  constructor() {
    const touch = matchMedia('(hover: none)').matches;
    this.element = h(
      'p',
      { class: 'aeviz-maphint', 'data-testid': 'aeviz-map-hint', hidden: known },
      touch ? 'Touch the map · drag the handle' : 'Move the pointer here · drag the handle',
    );
    /** @type {number | undefined} */
    this.leaving = undefined;
    /** @type {number | undefined} */
    this.timer = undefined;
    shown.add(this.element);
  }

  get shown() {
    return !known;
  }

  /** The map is visible: the line stays long enough to be read. */
  begin() {
    if (!known) this.leaving ??= setTimeout(() => this.used(), STAYS_MS);
  }

  /** The pointer has moved over the map: the line goes soon. */
  seen() {
    if (!known) this.timer ??= setTimeout(() => this.used(), READING_MS);
  }

  /** The map was pressed, or the time to read is over: the line goes for good. */
  used() {
    known = true;
    clearTimeout(this.timer);
    clearTimeout(this.leaving);
    for (const element of shown) element.classList.add('aeviz-gone');
    shown.clear();
  }
}
