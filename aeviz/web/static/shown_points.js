/** Which points of a map are visible and which are chosen, and the one under the pointer. */

import { Nearby } from './nearby.js';

/** @import { Point } from './types.js' */
/** @import { Viewport } from './viewport.js' */

export class ShownPoints {
  /** @param {Int16Array} classOf  class of each point */
  constructor(classOf) {
    this.classOf = classOf;
    /** x0, y0, x1, y1, ... @type {Float32Array} */
    this.points = new Float32Array(0);
    /** Classes that are not drawn. @type {Set<number>} */
    this.hidden = new Set();
    /** @type {number[]} */
    this.chosen = [];
    /** Whether no point is drawn, so that none can be found. */
    this.unseen = false;
    /** @type {Nearby | null} */
    this.nearby = null;
  }

  /** @param {number} index @param {boolean} visible */
  toggleClass(index, visible) {
    if (visible) this.hidden.delete(index);
    else this.hidden.add(index);
  }

  /** @param {number} index */
  isVisible(index) {
    return !this.hidden.has(this.classOf[index]);
  }

  /** The chosen points of visible classes. */
  get visibleChosen() {
    return this.chosen.filter((index) => this.isVisible(index));
  }

  /** @param {number} index @returns {Point} */
  placeOf(index) {
    return [this.points[2 * index], this.points[2 * index + 1]];
  }

  /**
   * The visible point nearest to a pixel within a radius; -1 if there is none.
   * @param {Viewport} viewport
   * @param {number} px
   * @param {number} py
   * @param {number} radius
   */
  at(viewport, px, py, radius) {
    if (this.unseen) return -1;
    if (this.nearby?.points !== this.points) this.nearby = new Nearby(this.points);
    const [x, y] = viewport.toPlace(px, py);
    return this.nearby.nearest(x, y, radius * viewport.scale, (index) => this.isVisible(index));
  }
}
