/**
 * All points of a map: Plotly's WebGL scatter draws them at rest, `MovingPoints` while they move.
 *
 * The two look alike. Plotly is brought up to date once the view has come to rest, behind the
 * moving points, which then give way to it: nothing is ever blank and no move waits for a redraw.
 */

import { h, oncePerFrame } from './dom.js';
import { MovingPoints } from './moving.js';
import { loadPlotly, loadPlotlyInAPause } from './plotly.js';

const CONFIG = { displayModeBar: false, staticPlot: true, responsive: false };
const OPACITY = 0.75;
const CHOSEN = 0.9;
const FADED = 0.08;
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
    this.members = this.colours.map(() => []);
    for (let i = 0; i < labels.length; i += 1) {
      this.members[Math.min(Math.max(labels[i], 0), classCount - 1)].push(i);
    }
    this.order = this.members.flat(); // drawn class by class, as Plotly does
    this.size = Math.max(3, Math.min(7, 420 / Math.sqrt(labels.length + 1)));
    this.hidden = new Set();
    this.chosen = null;
    this.plot = h('div', { class: 'aeviz-plot' });
    this.moving = new MovingPoints();
    this.element = h('div', { class: 'aeviz-points', 'aria-hidden': 'true' }, this.plot, this.moving.canvas);
    this.drawSoon = oncePerFrame(() => this.moving.usable && this.gl(this.way.share));
  }

  /** Draw the points: at once as moving points, then by Plotly; resolves when that has drawn. */
  async start(points) {
    this.points = points;
    this.load(points, points);
    this.paint();
    const Plotly = await (this.moving.usable ? loadPlotlyInAPause() : loadPlotly());
    if (this.left) return;
    const { style } = this;
    const traces = this.members.map((_, label) => ({
      type: 'scattergl',
      mode: 'markers',
      ...this.coordinates(label),
      visible: style.visible[label],
      selectedpoints: style.selectedpoints[label],
      hoverinfo: 'skip',
      marker: { size: this.size, color: this.colours[label], opacity: OPACITY },
      selected: { marker: { opacity: CHOSEN } },
      unselected: { marker: { opacity: FADED } },
    }));
    const shown = { points: this.points, look: this.look, view: this.viewport.key };
    await Plotly.newPlot(this.plot, traces, this.layout(), CONFIG);
    if (this.left) {
      Plotly.purge(this.plot);
      return;
    }
    this.Plotly = Plotly;
    this.shown = shown;
    await this.handOver();
  }

  /** The view has changed: show the points in it from this frame on. */
  refresh() {
    if (!this.way || (this.resting && !this.gliding && this.upToDate)) return;
    if (!this.moving.usable) {
      this.settle();
      return;
    }
    this.wake();
    if (!this.gliding) this.drawSoon();
    this.restLater();
  }

  /** Where every point is now, on the way to another plane or not. */
  get now() {
    const { from, to, share } = this.way;
    return share === 1 ? to : to.map((value, i) => from[i] + share * (value - from[i]));
  }

  /** Set out for another plane, from wherever the points are. */
  depart(points) {
    this.load(this.way ? this.now : points, points, 0);
    this.points = points;
    this.gliding = true;
    if (this.moving.usable) this.wake();
  }

  /** Be `share` of the way; 1 has arrived. */
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

  /** Make these points strong and the others faint; null takes that back. */
  choose(indices) {
    this.chosen = indices && new Set(indices);
    this.paint();
  }

  /** Whether the page was left meanwhile. */
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

  /** Bring Plotly to where the points are, then let it take over. */
  async settle() {
    if (!this.Plotly || this.settling || this.gliding || this.left) return;
    const { points, look } = this;
    const { width, height, ranges, key } = this.viewport;
    const layout = { ...ranges, width, height };
    const traces = {};
    if (look !== this.shown.look) Object.assign(traces, this.style);
    if (points !== this.shown.points) {
      const places = this.members.map((_, label) => this.coordinates(label));
      Object.assign(traces, { x: places.map(({ x }) => x), y: places.map(({ y }) => y) });
    }
    this.settling = true;
    if (Object.keys(traces).length) await this.Plotly.update(this.plot, traces, layout);
    else await this.Plotly.relayout(this.plot, layout);
    this.settling = false;
    if (this.left) return;
    this.shown = { points, look, view: key };
    await this.handOver();
  }

  /** Show Plotly's points in place of the moving ones, unless these have moved on. */
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

  /** Whether Plotly shows the points where they are. */
  get upToDate() {
    const { shown } = this;
    return shown?.points === this.points && shown.look === this.look && shown.view === this.viewport.key;
  }

  load(from, to, share = 1) {
    this.way = { from, to, share };
    if (!this.moving.usable) return;
    this.moving.load(this.inOrder(from), this.inOrder(to));
  }

  gl(share) {
    this.moving.draw(share, this.viewport, this.size);
  }

  inOrder(points) {
    const result = new Float32Array(points.length);
    this.order.forEach((i, at) => {
      result[2 * at] = points[2 * i];
      result[2 * at + 1] = points[2 * i + 1];
    });
    return result;
  }

  /** Colour the moving points as Plotly will: which classes are hidden, which points are chosen. */
  paint() {
    this.look = {}; // another than Plotly shows
    if (this.moving.usable) this.#paintMoving();
    this.refresh();
  }

  #paintMoving() {
    const bytes = new Uint8Array(4 * this.order.length);
    let at = 0;
    this.members.forEach((members, label) => {
      const colour = Number.parseInt(this.colours[label].slice(1), 16);
      for (const i of members) {
        const strength = !this.chosen ? OPACITY : this.chosen.has(i) ? CHOSEN : FADED;
        bytes[at++] = colour >> 16;
        bytes[at++] = (colour >> 8) & 255;
        bytes[at++] = colour & 255;
        bytes[at++] = this.hidden.has(label) ? 0 : 255 * strength;
      }
    });
    this.moving.paint(bytes);
  }

  /** What Plotly is to show of each class. */
  get style() {
    const { chosen } = this;
    return {
      visible: this.members.map((_, label) => !this.hidden.has(label)),
      selectedpoints: this.members.map((members) =>
        chosen ? members.flatMap((i, at) => (chosen.has(i) ? [at] : [])) : null,
      ),
    };
  }

  coordinates(label) {
    const { points } = this;
    const members = this.members[label];
    return {
      x: Float32Array.from(members, (i) => points[2 * i]),
      y: Float32Array.from(members, (i) => points[2 * i + 1]),
    };
  }

  layout() {
    const ranges = this.viewport.ranges;
    const axis = (range) => ({
      range,
      zeroline: false,
      showgrid: false,
      showticklabels: false,
      ticks: '',
      fixedrange: true,
    });
    return {
      width: this.viewport.width,
      height: this.viewport.height,
      margin: { l: 0, r: 0, t: 0, b: 0, pad: 0, autoexpand: false },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      showlegend: false,
      hovermode: false,
      dragmode: false,
      xaxis: axis(ranges['xaxis.range']),
      yaxis: axis(ranges['yaxis.range']),
    };
  }
}
