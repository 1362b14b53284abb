/** The layer below the points of a map: the axes, and a canvas over a rectangle of the plane. */

import { h } from './dom.js';

/** @typedef {{left: number, right: number, bottom: number, top: number}} Rectangle  on the plane */

export class Underlay {
  constructor() {
    this.spread = h('div');
    this.axes = [h('div', { class: 'aeviz-axis-x' }), h('div', { class: 'aeviz-axis-y' })];
    this.element = h('div', { class: 'aeviz-underlay', 'aria-hidden': 'true' }, this.spread, ...this.axes);
    /** @type {HTMLCanvasElement | null} */
    this.canvas = null;
    /** @type {Rectangle | undefined} */
    this.rectangle = undefined;
  }

  /**
   * @param {HTMLCanvasElement | null} canvas
   * @param {Rectangle} [rectangle]
   */
  set(canvas, rectangle) {
    this.canvas = canvas;
    this.rectangle = rectangle;
    this.spread.replaceChildren(...(canvas ? [canvas] : []));
  }

  /** Whether to draw the horizontal and the vertical line through zero. @param {boolean} shown */
  showAxes(shown) {
    this.axes.forEach((axis) => {
      axis.hidden = !shown;
    });
  }

  /** @param {import('./viewport.js').Viewport} viewport */
  place(viewport) {
    const [x, y] = viewport.toPixel(0, 0).map(Math.round);
    this.axes[0].style.transform = `translateY(${y}px)`;
    this.axes[1].style.transform = `translateX(${x}px)`;
    const { canvas, rectangle } = this;
    if (!canvas || !rectangle) return;
    const [left, top] = viewport.toPixel(rectangle.left, rectangle.top);
    const [right, bottom] = viewport.toPixel(rectangle.right, rectangle.bottom);
    const [width, height] = [canvas.width, canvas.height];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.style.transform =
      `translate(${left}px, ${top}px) ` + `scale(${(right - left) / width}, ${(bottom - top) / height})`;
  }
}
