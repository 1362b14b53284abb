/** Drawing a box or a lasso on the map, and finding the points inside it. */

import { svg } from './dom.js';

/** @import { Point } from './types.js' */

const STEP_PIXELS = 3; // minimum distance of the lasso's corners

export class Outline {
  constructor() {
    this.path = svg('path', { class: 'aeviz-outline' });
    /** @type {'box' | 'lasso'} */
    this.tool = 'box';
    /** @type {Point[]} */
    this.corners = [];
    this.element = svg('svg', { class: 'aeviz-overlay', 'aria-hidden': 'true' }, this.path);
  }

  /** @param {'box' | 'lasso'} tool @param {number} px @param {number} py */
  begin(tool, px, py) {
    this.tool = tool;
    this.corners = [[px, py]];
  }

  /** @param {number} px @param {number} py */
  extend(px, py) {
    const [[x, y]] = this.corners;
    if (this.tool === 'box') {
      this.corners = [
        [x, y],
        [px, y],
        [px, py],
        [x, py],
      ];
    } else {
      const [lastX, lastY] = this.corners[this.corners.length - 1];
      if (Math.hypot(px - lastX, py - lastY) >= STEP_PIXELS) this.corners.push([px, py]);
    }
    this.path.setAttribute('d', `M${this.corners.map((corner) => corner.join(' ')).join('L')}Z`);
  }

  /** Remove the outline. @returns {Point[]} its corners, in pixels */
  end() {
    this.path.removeAttribute('d');
    return this.corners;
  }
}

/**
 * The points inside a polygon by the even-odd rule: those from which a ray to the left crosses its
 * edges an odd number of times.
 * @param {Point[]} corners  in the plane of the points
 * @param {Float32Array} points  x0, y0, x1, y1, ...
 * @returns {number[]} their indices
 */
export function within(corners, points) {
  if (corners.length < 3) return [];
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const inside = [];
  for (let i = 0; i < points.length / 2; i += 1) {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    if (x < left || x > right || y < low || y > high) continue;
    let odd = false;
    for (let a = 0, b = xs.length - 1; a < xs.length; b = a, a += 1) {
      const crosses = ys[a] > y !== ys[b] > y;
      if (crosses && xs[a] + ((y - ys[a]) / (ys[b] - ys[a])) * (xs[b] - xs[a]) < x) odd = !odd;
    }
    if (odd) inside.push(i);
  }
  return inside;
}
