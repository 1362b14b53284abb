/**
 * All points of a map: Plotly's WebGL scatter draws them at rest, `MovingPoints` while they move.
 *
 * Both look the same. When the view has come to rest, Plotly is updated behind the moving points
 * and then replaces them: nothing is ever blank, and no move waits for a redraw.
 */

import { h, oncePerFrame } from './dom.js';
import { MovingPoints } from './moving.js';
import { loadPlotly, loadPlotlyInAPause } from './plotly.js';
import { coordinatesOf, layoutOf, OPACITY, styleOf, tracesOf } from './point_traces.js';

/** @import { Plotly } from './types.js' */

const CONFIG = { displayModeBar: false, staticPlot: true, responsive: false };
const REST_MS = 160;

export class PointLayer {
  /**
   * @param {Int16Array} labels  class of each point
   * @param {string[]} colours  #rrggbb of each class, repeated if there are more classes
   * @param {number} classCount
   * @param {import('./viewport.js').Viewport} viewport
   */
  constructor(labels, colours, classCount, viewport) {
    this.viewport = viewport;
    this.colours = Array.from({ length: classCount }, (_, i) => colours[i % colours.length]);
    /** Points of each class. @type {number[][]} */
    this.members = this.colours.map(() => []);
    for (let i = 0; i < labels.length; i += 1) {
      this.members[Math.min(Math.max(labels[i], 0), classCount - 1)].push(i);
    }
    this.order = this.members.flat(); // drawn class by class, as Plotly does
    this.size = Math.max(3, Math.min(7, 420 / Math.sqrt(labels.length + 1)));
    /** @type {Set<number>} */
    this.hidden = new Set();
    /** @type {Set<number> | null} */
    this.chosen = null;
    /** x0, y0, x1, y1, ... @type {Float32Array} */
    this.points = new Float32Array(0);
    /** The progress of the glide from one plane to another. */
    this.way = { from: this.points, to: this.points, share: 1 };
    this.begun = false;
    this.gliding = false;
    this.resting = false;
    this.settling = false;
    this.destroyed = false;
    this.timer = 0;
    /** Increases with every change of classes and chosen points. */
    this.look = {};
    /** What Plotly has drawn. @type {{points: Float32Array, look: object, view: string} | null} */
    this.shown = null;
    /** @type {Plotly | null} */
    this.Plotly = null;
    this.plot = h('div', { class: 'aeviz-plot' });
    this.moving = new MovingPoints();
    this.element = h('div', { class: 'aeviz-points', 'aria-hidden': 'true' }, this.plot, this.moving.canvas);
    this.drawSoon = oncePerFrame(() => this.moving.usable && this.gl(this.way.share));
  }

  /**
   * Draw the points: at once as moving points, then by Plotly; resolves when Plotly has drawn.
   * @param {Float32Array} points
   */
  async start(points) {
    this.points = points;
    this.load(points, points);
    this.paint();
    const Plotly = await (this.moving.usable ? loadPlotlyInAPause() : loadPlotly());
    if (this.left) return;
    const { members, colours, size, hidden, chosen } = this;
    const style = styleOf(members, hidden, chosen);
    const traces = tracesOf(members, this.points, { colours, size, style });
    const shown = { points: this.points, look: this.look, view: this.viewport.key };
    await Plotly.newPlot(this.plot, traces, layoutOf(this.viewport), CONFIG);
    if (this.left) {
      Plotly.purge(this.plot);
      return;
    }
    this.Plotly = Plotly;
    this.shown = shown;
    await this.handOver();
  }

  /** The view has changed: redraw the points from this frame on. */
  refresh() {
    if (!this.begun || (this.resting && !this.gliding && this.upToDate)) return;
    if (!this.moving.usable) {
      this.settle();
      return;
    }
    this.wake();
    if (!this.gliding) this.drawSoon();
    this.restLater();
  }

  /** The current position of every point, also during a glide. */
  get now() {
    const { from, to, share } = this.way;
    return share === 1 ? to : to.map((value, i) => from[i] + share * (value - from[i]));
  }

  /** Start a glide to another plane, from the current positions. @param {Float32Array} points */
  depart(points) {
    this.load(this.begun ? this.now : points, points, 0);
    this.points = points;
    this.gliding = true;
    if (this.moving.usable) this.wake();
  }

  /** Set the progress of the glide; 1 is the end. @param {number} share */
  travel(share) {
    this.way.share = share;
    this.gliding = share < 1;
    if (this.moving.usable) this.gl(share);
    if (!this.gliding) this.restLater(0);
  }

  /** @param {Set<number>} hidden  classes not to draw */
  hide(hidden) {
    this.hidden = new Set(hidden);
    this.paint();
  }

  /**
   * Highlight these points and fade the others; null undoes this.
   * @param {number[] | null} indices
   */
  choose(indices) {
    this.chosen = indices && new Set(indices);
    this.paint();
  }

  /** Whether the component was removed meanwhile. */
  get left() {
    return this.destroyed || !this.element.isConnected;
  }

  destroy() {
    this.destroyed = true;
    clearTimeout(this.timer);
    this.moving.destroy();
    this.Plotly?.purge(this.plot);
  }

  wake() {
    this.resting = false;
    this.moving.canvas.hidden = false;
    this.plot.classList.add('aeviz-stale');
  }

  restLater(ms = REST_MS) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), ms);
  }

  /** Update Plotly to the current positions, then switch to it. */
  async settle() {
    if (!this.Plotly || this.settling || this.gliding || this.left) return;
    const { points, look } = this;
    const { width, height, ranges, key } = this.viewport;
    const layout = { ...ranges, width, height };
    const traces = {
      ...(look !== this.shown?.look && styleOf(this.members, this.hidden, this.chosen)),
      ...(points !== this.shown?.points && coordinatesOf(this.members, points)),
    };
    this.settling = true;
    if (Object.keys(traces).length) await this.Plotly.update(this.plot, traces, layout);
    else await this.Plotly.relayout(this.plot, layout);
    this.settling = false;
    if (this.left) return;
    this.shown = { points, look, view: key };
    await this.handOver();
  }

  /** Show Plotly's points instead of the moving ones, unless these have moved meanwhile. */
  async handOver() {
    await new Promise(requestAnimationFrame);
    if (this.gliding) return;
    if (!this.upToDate) {
      this.restLater();
      return;
    }
    this.resting = true;
    this.plot.classList.remove('aeviz-stale');
    this.moving.canvas.hidden = true;
  }

  /** Whether Plotly shows the current positions. */
  get upToDate() {
    const { shown } = this;
    return shown?.points === this.points && shown.look === this.look && shown.view === this.viewport.key;
  }

  /** @param {Float32Array} from @param {Float32Array} to */
  load(from, to, share = 1) {
    this.begun = true;
    this.way = { from, to, share };
    if (!this.moving.usable) return;
    this.moving.load(this.inOrder(from), this.inOrder(to));
  }

  /** @param {number} share */
  gl(share) {
    this.moving.draw(share, this.viewport, this.size);
  }

  /** The points class by class. @param {Float32Array} points */
  inOrder(points) {
    const result = new Float32Array(points.length);
    this.order.forEach((i, at) => {
      result[2 * at] = points[2 * i];
      result[2 * at + 1] = points[2 * i + 1];
    });
    return result;
  }

  /** Colour the moving points as in Plotly, for hidden classes and chosen points. */
  paint() {
    this.look = {}; // differs from Plotly's
    if (this.moving.usable) this.#paintMoving();
    this.refresh();
  }

  #paintMoving() {
    const bytes = new Uint8Array(4 * this.order.length);
    let at = 0;
    this.members.forEach((members, label) => {
      const colour = Number.parseInt(this.colours[label].slice(1), 16);
      for (const i of members) {
        const strength = !this.chosen ? OPACITY.usual : this.chosen.has(i) ? OPACITY.chosen : OPACITY.faded;
        bytes[at++] = colour >> 16;
        bytes[at++] = (colour >> 8) & 255;
        bytes[at++] = colour & 255;
        bytes[at++] = this.hidden.has(label) ? 0 : 255 * strength;
      }
    });
    this.moving.paint(bytes);
  }
}
