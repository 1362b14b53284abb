/**
 * The latent map: gallery points in Plotly's WebGL scatter, and a transparent layer above it that
 * takes pointer, touch, wheel and keys. Handle and labels are elements of that layer: moving them
 * costs no redraw of the points.
 */

import { h, onThemeChange } from './dom.js';
import { Gestures } from './gestures.js';
import { glide } from './glide.js';
import { Labels } from './labels.js';
import { Overlay } from './overlay.js';
import { loadPlotly } from './plotly.js';
import { Underlay } from './underlay.js';
import { Viewport } from './viewport.js';

const POINT_RADIUS = 12; // CSS pixels within which a click means the point
const CONFIG = { displayModeBar: false, staticPlot: true, responsive: false };

/**
 * @typedef {{onMove: (x: number, y: number, time: number) => void,
 *   onPin: (x: number, y: number, index: number, time: number) => void,
 *   onLeave: (time: number) => void}} MapListener
 */

export class LatentMap {
  /**
   * @param {{labels: Int16Array, classNames: string[], colours: string[], wheel: boolean}} options
   * @param {MapListener} listener
   */
  constructor({ labels, classNames, colours, wheel }, listener) {
    this.classOf = labels;
    this.colours = colours;
    this.classCount = Math.max(1, classNames.length);
    this.hidden = new Set();
    this.points = new Float32Array(0);
    this.viewport = new Viewport();
    this.plot = h('div', { class: 'aeviz-plot', 'aria-hidden': 'true' });
    this.handle = h('div', { class: 'aeviz-handle', hidden: true });
    this.cursor = h('div', { class: 'aeviz-cursor', hidden: true });
    this.labels = new Labels(classNames, colours);
    this.overlay = new Overlay();
    this.underlay = new Underlay();
    this.layer = h('div', {
      class: 'aeviz-layer',
      tabindex: 0,
      role: 'application',
      'aria-label': 'Latent map. Arrow keys move the code, plus and minus zoom.',
    }, this.labels.element, this.overlay.element, this.cursor, this.handle);
    this.element = h('div', { class: 'aeviz-map', 'data-testid': 'aeviz-map' },
      this.underlay.element, this.plot, this.layer);
    this.gestures = new Gestures(this.layer, { wheel }, {
      move: (px, py, time) => this.look(px, py, time, listener),
      pin: (px, py, time, dragged) => this.pin(px, py, time, dragged, listener),
      leave: (time) => {
        this.cursor.hidden = true;
        listener.onLeave(time);
      },
      step: (dx, dy, time) => {
        const [px, py] = this.viewport.toPixel(...(this.place ?? [0, 0]));
        listener.onPin(...this.viewport.toPlace(px + dx, py + dy), -1, time);
      },
      zoom: (factor, px, py) => this.zoom(factor, px, py),
      pan: (dx, dy) => {
        this.viewport.pan(dx, dy);
        this.redraw();
      },
    });
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.element);
  }

  /**
   * Draw the points for the first time; resolves when they are on the screen. Handle, names and
   * gestures are there at once: they need not wait for Plotly.
   */
  async start(points, axes) {
    this.points = points;
    this.axes = axes;
    this.frame();
    const Plotly = await loadPlotly();
    if (!this.element.isConnected) return; // the page was left meanwhile
    this.Plotly = Plotly;
    this.frame();
    this.drawn = this.points;
    await Plotly.newPlot(this.plot, this.traces(this.points), this.layout(this.axes), CONFIG);
    if (!this.element.isConnected) return;
    this.stopTheme = onThemeChange(this.element, () => this.restyle());
    this.redraw();
  }

  /**
   * Glide to another projection of the same points, the handle with them to its new place.
   * @param {Float32Array} points
   * @param {[string, string] | null} axes
   * @param {[number, number]} place
   */
  async show(points, axes, place) {
    const from = { points: this.drawn ?? points, place: this.place ?? place, ...this.viewport.view };
    this.points = points;
    this.axes = axes;
    if (!this.Plotly) return; // `start` will draw these
    this.gliding?.abort();
    const { signal } = (this.gliding = new AbortController());
    this.element.classList.add('aeviz-gliding');
    this.viewport.fit(points);
    await glide(from, { points, place, ...this.viewport.view }, signal, (now) => {
      this.drawn = now.points;
      this.viewport.view = now;
      this.setHandle(...now.place);
      return this.Plotly.update(this.plot, this.coordinates(now.points), this.viewport.ranges);
    });
    if (signal.aborted || !this.element.isConnected) return;
    this.element.classList.remove('aeviz-gliding');
    await this.Plotly.relayout(this.plot, this.layout(axes));
    this.redraw();
  }

  /** Put the handle at a place of the plane. */
  setHandle(x, y) {
    this.place = [x, y];
    this.handle.hidden = false;
    moveTo(this.handle, this.viewport.toPixel(x, y));
  }

  /**
   * Draw a line through places of the plane, between points and handle; null or [] takes it away.
   * It follows zoom and pan by itself and is unseen while the projection changes: set it anew for
   * the new plane. Several lines live side by side under different keys.
   * @param {number[][] | null} places  [x, y] each
   * @param {import('./overlay.js').PathOptions} [options]
   */
  setPath(places, options) {
    this.overlay.setPath(places, options);
    this.overlay.place(this.viewport);
  }

  /**
   * Draw small labelled markers in place of those set before under the same key; [] takes them away.
   * @param {import('./overlay.js').Marker[]} markers
   * @param {string} [key]
   */
  setMarkers(markers, key) {
    this.overlay.setMarkers(markers, key);
    this.overlay.place(this.viewport);
  }

  /**
   * Draw a Gaussian of the plane by its outlines at 1 and 2 standard deviations. `matrix` is its
   * covariance: diag(sigma0², sigma1²) where the plane is two dimensions of a VAE's code.
   * @param {import('./overlay.js').Ellipse | null} ellipse
   */
  setEllipse(ellipse) {
    this.overlay.setEllipse(ellipse);
    this.overlay.place(this.viewport);
  }

  /**
   * Spread a canvas under the points, over a rectangle in plane coordinates; null takes it away.
   * Its width and height attributes are its resolution; draw into it at any time.
   * @param {HTMLCanvasElement | null} canvas
   * @param {{left: number, right: number, bottom: number, top: number}} [rectangle]
   * @param {number} [pointOpacity]  of all points, 0 to 1, while it is there
   */
  setUnderlay(canvas, rectangle, pointOpacity = 0.35) {
    this.underlay.set(canvas, rectangle);
    this.underlay.place(this.viewport);
    this.plot.style.opacity = canvas ? String(pointOpacity) : '';
  }

  /** Hide or show a class. */
  toggleClass(index, visible) {
    if (visible) this.hidden.delete(index);
    else this.hidden.add(index);
    this.Plotly?.restyle(this.plot, { visible }, [index]);
    this.labels.toggle(index, visible);
  }

  zoom(factor, px = this.viewport.width / 2, py = this.viewport.height / 2) {
    this.viewport.zoom(factor, px, py);
    this.redraw();
  }

  resetView() {
    this.viewport.reset();
    this.redraw();
  }

  destroy() {
    this.gliding?.abort();
    this.resizing.disconnect();
    this.stopTheme?.();
    this.gestures.destroy();
    this.Plotly?.purge(this.plot);
  }

  look(px, py, time, listener) {
    this.cursor.hidden = false;
    moveTo(this.cursor, [px, py]);
    listener.onMove(...this.viewport.toPlace(px, py), time);
  }

  pin(px, py, time, dragged, listener) {
    const index = dragged ? -1 : this.pointAt(px, py);
    const place = index < 0
      ? this.viewport.toPlace(px, py) : [this.points[2 * index], this.points[2 * index + 1]];
    this.cursor.hidden = true;
    listener.onPin(place[0], place[1], index, time);
  }

  /** The visible point nearest to a pixel, within reach of a finger; -1 if there is none. */
  pointAt(px, py) {
    const [x, y] = this.viewport.toPlace(px, py);
    let least = (POINT_RADIUS * this.viewport.scale) ** 2;
    let best = -1;
    for (let i = 0; i < this.points.length / 2; i += 1) {
      const distance = (this.points[2 * i] - x) ** 2 + (this.points[2 * i + 1] - y) ** 2;
      if (distance < least && !this.hidden.has(this.classOf[i])) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /** Fit the view to the element's size and the points. */
  frame() {
    this.viewport.resize(this.element.clientWidth, this.element.clientHeight);
    this.viewport.fit(this.points);
    this.placeOverlay();
  }

  resize() {
    if (!this.Plotly || !this.element.clientWidth) return;
    const { width, height } = this.viewport;
    if (this.element.clientWidth === width && this.element.clientHeight === height) return;
    this.frame();
    this.Plotly.relayout(this.plot, {
      width: this.viewport.width, height: this.viewport.height, ...this.viewport.ranges,
    });
  }

  redraw() {
    this.placeOverlay();
    if (this.pending || !this.Plotly) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      if (this.element.isConnected) this.Plotly.relayout(this.plot, this.viewport.ranges);
    });
  }

  /** Handle, labels, paths and underlay to where their places are now. */
  placeOverlay() {
    this.overlay.place(this.viewport);
    this.underlay.place(this.viewport);
    if (this.place) moveTo(this.handle, this.viewport.toPixel(...this.place));
    this.labels.place(this.points, this.classOf, this.viewport);
  }

  restyle() {
    this.Plotly.relayout(this.plot, this.layout(this.axes));
  }

  coordinates(points) {
    const xs = Array.from({ length: this.classCount }, () => []);
    const ys = Array.from({ length: this.classCount }, () => []);
    for (let i = 0; i < points.length / 2; i += 1) {
      const label = Math.min(Math.max(this.classOf[i] ?? 0, 0), this.classCount - 1);
      xs[label].push(points[2 * i]);
      ys[label].push(points[2 * i + 1]);
    }
    return { x: xs, y: ys };
  }

  traces(points) {
    const { x, y } = this.coordinates(points);
    const size = Math.max(3, Math.min(7, 420 / Math.sqrt(points.length / 2 + 1)));
    return x.map((xs, label) => ({
      type: 'scattergl',
      mode: 'markers',
      x: xs,
      y: y[label],
      visible: !this.hidden.has(label),
      hoverinfo: 'skip',
      marker: { size, color: this.colours[label % this.colours.length], opacity: 0.75 },
    }));
  }

  layout(axes) {
    this.axes = axes;
    const line = faint(getComputedStyle(this.element).color);
    const ranges = this.viewport.ranges;
    const axis = (range) => ({
      range,
      zeroline: Boolean(axes),
      zerolinecolor: line,
      zerolinewidth: 1,
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

/** A computed colour, `rgb(r, g, b)`, at a fifth of its strength. */
function faint(colour) {
  return `rgba(${colour.match(/[\d.]+/g).slice(0, 3).join(',')},0.2)`;
}

function moveTo(element, [x, y]) {
  element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
}
