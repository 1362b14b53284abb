/** The visible part of the plane: one scale for both axes, so that shapes are not distorted. */

/** @import { Point } from './types.js' */

const MARGIN = 0.06;
const OUTLIERS = 0.002;
const MAX_ZOOM = 40;

export class Viewport {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.home = { x: 0, y: 0, scale: 1 }; // centre, and units per CSS pixel
    this.x = 0;
    this.y = 0;
    this.scale = 1;
  }

  /** Fit the view to all points except far outliers. @param {Float32Array} points  x0, y0, x1, y1, ... */
  fit(points) {
    const [left, right] = bounds(points, 0);
    const [low, high] = bounds(points, 1);
    const inner = 1 - 2 * MARGIN;
    const scale = Math.max((right - left) / (this.width * inner), (high - low) / (this.height * inner), 1e-9);
    this.home = { x: (left + right) / 2, y: (low + high) / 2, scale };
    this.reset();
  }

  /** Like `fit`, but keep the view if the person has zoomed or panned. @param {Float32Array} points */
  refit(points) {
    const { x, y, scale, home } = this;
    const moved = x !== home.x || y !== home.y || scale !== home.scale;
    this.fit(points);
    if (moved) this.view = { x, y, scale: (scale / home.scale) * this.home.scale };
  }

  reset() {
    Object.assign(this, this.home);
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height) });
  }

  /** Centre and scale, without the size of the element. */
  get view() {
    return { x: this.x, y: this.y, scale: this.scale };
  }

  set view({ x, y, scale }) {
    Object.assign(this, { x, y, scale });
  }

  /** A key that changes with the view and the size of the element. */
  get key() {
    return [this.x, this.y, this.scale, this.width, this.height].join();
  }

  /**
   * CSS pixels from the map's top left corner -> place on the plane.
   * @param {number} px
   * @param {number} py
   * @returns {Point}
   */
  toPlace(px, py) {
    return [this.x + (px - this.width / 2) * this.scale, this.y - (py - this.height / 2) * this.scale];
  }

  /**
   * Place on the plane -> CSS pixels from the map's top left corner.
   * @param {number} x
   * @param {number} y
   * @returns {Point}
   */
  toPixel(x, y) {
    return [this.width / 2 + (x - this.x) / this.scale, this.height / 2 - (y - this.y) / this.scale];
  }

  /**
   * Zoom by `factor` (below 1: closer) about a fixed pixel.
   * @param {number} factor
   * @param {number} px
   * @param {number} py
   */
  zoom(factor, px, py) {
    const [x, y] = this.toPlace(px, py);
    this.scale = this.allowed(this.scale * factor);
    const [newX, newY] = this.toPlace(px, py);
    this.x += x - newX;
    this.y += y - newY;
  }

  /**
   * Centre a place, with `reach` around it as large as fits.
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   */
  lookAt(x, y, reach) {
    Object.assign(this, { x, y, scale: this.allowed((2 * reach) / Math.min(this.width, this.height)) });
  }

  /** @param {number} scale */
  allowed(scale) {
    return Math.min(2 * this.home.scale, Math.max(this.home.scale / MAX_ZOOM, scale));
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.x -= dx * this.scale;
    this.y += dy * this.scale;
  }

  get ranges() {
    const [left, top] = this.toPlace(0, 0);
    const [right, bottom] = this.toPlace(this.width, this.height);
    return { 'xaxis.range': [left, right], 'yaxis.range': [bottom, top] };
  }
}

/** @param {Float32Array} points @param {0 | 1} axis */
function bounds(points, axis) {
  const values = points.filter((_, i) => i % 2 === axis).sort();
  if (!values.length) return [-1, 1];
  const skip = Math.floor(values.length * OUTLIERS);
  return [values[skip], values[values.length - 1 - skip]];
}
