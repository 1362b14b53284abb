/** A small card beside the pointer: the original image of the point under it, and its class. */

import { h } from './dom.js';

const GAP = 18; // CSS pixels from the pointer, and at least from the map's edge to it
const EDGE = 6;

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
    this.canvas = h('canvas', { class: 'aeviz-pixels' });
    this.name = h('span');
    this.element = h('div', {
      class: 'aeviz-thumbnail', 'data-testid': 'aeviz-thumbnail', 'aria-hidden': 'true', hidden: true,
    }, this.canvas, this.name);
    this.index = -1;
  }

  /** Show image `index` of class `label` beside a pixel of a map this wide and high. */
  show(index, label, px, py, width, height) {
    this.element.hidden = false;
    if (index !== this.index) {
      this.index = index;
      this.sprite.draw(this.canvas, index);
      this.name.textContent = this.classNames[label] ?? '';
      this.name.hidden = !this.classNames[label];
      this.element.style.setProperty('--class', this.colours[label % this.colours.length]);
    }
    const { offsetWidth, offsetHeight } = this.element;
    const right = px + GAP + offsetWidth + EDGE <= width;
    const x = right ? px + GAP : px - GAP - offsetWidth;
    const y = Math.max(EDGE, Math.min(height - offsetHeight - EDGE, py - offsetHeight / 2));
    this.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  hide() {
    this.element.hidden = true;
  }
}
