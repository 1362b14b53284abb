/** A canvas spread under the points of a map, over a rectangle of the plane. */

import { h } from './dom.js';

export class Underlay {
  constructor() {
    this.element = h('div', { class: 'aeviz-underlay', 'aria-hidden': 'true' });
    this.canvas = null;
  }

  /**
   * @param {HTMLCanvasElement | null} canvas
   * @param {{left: number, right: number, bottom: number, top: number}} [rectangle]
   */
  set(canvas, rectangle) {
    this.canvas = canvas;
    this.rectangle = rectangle;
    if (canvas) this.element.replaceChildren(canvas);
    else this.element.replaceChildren();
  }

  /** @param {import('./viewport.js').Viewport} viewport */
  place(viewport) {
    const { canvas, rectangle } = this;
    if (!canvas) return;
    const [left, top] = viewport.toPixel(rectangle.left, rectangle.top);
    const [right, bottom] = viewport.toPixel(rectangle.right, rectangle.bottom);
    const [width, height] = [canvas.width, canvas.height];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.style.transform = `translate(${left}px, ${top}px) `
      + `scale(${(right - left) / width}, ${(bottom - top) / height})`;
  }
}
