/** A small card beside the pointer: the original image of the point under it, and its class. */

import { h } from './dom.js';

const GAP = 18; // CSS pixels from the pointer
const EDGE = 6; // CSS pixels from the edge of the map, at least

export class Thumbnail {
  /**
   * @param {import('./gallery.js').Sprite} sprite
   * @param {string[]} classNames
   * @param {string[]} colours
   */
  constructor(sprite, classNames, colours) {
    this.sprite = sprite;
    this.classNames = classNames;
    this.colours = colours;
    const { width, height } = sprite;
    this.canvas = h('canvas', { class: 'aeviz-pixels', width, height });
    this.name = h('span');
    this.element = h(
      'div',
      {
        class: 'aeviz-thumbnail',
        'data-testid': 'aeviz-thumbnail',
        'aria-hidden': 'true',
        hidden: true,
      },
      this.canvas,
      this.name,
    );
    this.index = -1;
    /** @type {[number, number] | undefined} */
    this.size = undefined;
  }

  /**
   * Show image `index` of class `label` beside a pixel of a map this wide and high.
   * @param {number} index
   * @param {number} label
   * @param {number} px
   * @param {number} py
   * @param {number} width
   * @param {number} height
   */
  show(index, label, px, py, width, height) {
    this.element.hidden = false;
    if (index !== this.index) {
      this.index = index;
      this.sprite.draw(this.canvas, index);
      this.name.textContent = this.classNames[label] ?? '';
      this.name.hidden = !this.classNames[label];
      this.element.style.setProperty('--class', this.colours[label % this.colours.length]);
    }
    const [cardWidth, cardHeight] = this.#size();
    const right = px + GAP + cardWidth + EDGE <= width;
    const x = right ? px + GAP : px - GAP - cardWidth;
    const y = Math.max(EDGE, Math.min(height - cardHeight - EDGE, py - cardHeight / 2));
    this.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  /** All cards have the same size: measured once, because each measurement would cost a layout. */
  #size() {
    this.size ??= [this.element.offsetWidth, this.element.offsetHeight];
    return this.size;
  }

  hide() {
    this.element.hidden = true;
  }
}
