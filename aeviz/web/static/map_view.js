/**
 * What a map shows: gallery points in Plotly's WebGL scatter, and above them a transparent layer with
 * the handle, the classes' names and whatever a mode draws. These are elements of their own: moving
 * them costs no redraw of the points.
 */

import { h } from './dom.js';
import { glide, mix } from './glide.js';
import { Labels } from './labels.js';
import { Overlay } from './overlay.js';
import { PointLayer } from './points.js';
import { ShownPoints } from './shown_points.js';
import { Underlay } from './underlay.js';
import { Viewport } from './viewport.js';

/** @import { Point } from './types.js' */

const ABOUT =
  'Latent map. Arrow keys move the code, plus and minus zoom, ' +
  'M, B and L choose to move, to select by box or by lasso.';

export class MapView {
  /** @param {Int16Array} labels @param {string[]} classNames @param {string[]} colours */
  constructor(labels, classNames, colours) {
    this.shown = new ShownPoints(labels);
    /** Where the handle belongs. @type {Point | null} */
    this.place = null;
    /** Where the handle is drawn. @type {Point | null} */
    this.seen = null;
    /** @type {AbortController | null} */
    this.gliding = null;
    this.viewport = new Viewport();
    this.layerOfPoints = new PointLayer(labels, colours, Math.max(1, classNames.length), this.viewport);
    this.handle = h('div', { class: 'aeviz-handle', 'data-testid': 'aeviz-handle', hidden: true });
    this.labels = new Labels(classNames, colours);
    this.overlay = new Overlay();
    this.underlay = new Underlay();
    this.layer = h(
      'div',
      { class: 'aeviz-layer', tabindex: 0, role: 'application', 'aria-label': ABOUT },
      this.labels.element,
      this.overlay.lines,
      this.handle,
      this.overlay.signs,
    );
    this.element = h(
      'div',
      { class: 'aeviz-map', 'data-testid': 'aeviz-map' },
      this.underlay.element,
      this.layerOfPoints.element,
      this.layer,
    );
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.element);
  }

  /**
   * Draw the points for the first time; resolves when they are on the screen. Handle, names and
   * gestures are there at once: they need not wait for Plotly.
   * @param {Float32Array} points  x0, y0, x1, y1, ...
   * @param {[string, string] | null} axes  null if zero means nothing
   */
  async start(points, axes) {
    this.shown.points = points;
    this.underlay.showAxes(Boolean(axes));
    this.frame();
    await this.layerOfPoints.start(points);
    this.redraw();
  }

  /**
   * Glide to another projection of the same points, the handle with them to its new place. A
   * further call on the way goes on from wherever everything is.
   * @param {Float32Array} points
   * @param {[string, string] | null} axes
   * @param {Point} place
   */
  async show(points, axes, place) {
    const { viewport } = this;
    const handle = this.seen ?? place;
    const from = viewport.view;
    this.shown.points = points;
    this.place = place;
    this.gliding?.abort();
    const { signal } = (this.gliding = new AbortController());
    this.element.classList.add('aeviz-gliding');
    this.underlay.showAxes(Boolean(axes));
    viewport.fit(points);
    viewport.view = from;
    this.layerOfPoints.depart(points);
    await glide(signal, (share) => {
      const to = viewport.home; // another, once the map's size has changed on the way
      viewport.view = {
        x: mix(from.x, to.x, share),
        y: mix(from.y, to.y, share),
        scale: mix(from.scale, to.scale, share),
      };
      const [x, y] = this.place ?? place;
      this.seeHandle(mix(handle[0], x, share), mix(handle[1], y, share));
      this.layerOfPoints.travel(share);
    });
    if (signal.aborted) return;
    this.gliding = null;
    this.element.classList.remove('aeviz-gliding');
    this.placeOverlay();
  }

  /** Put the handle at a place of the plane. @param {number} x @param {number} y */
  setHandle(x, y) {
    this.place = [x, y];
    if (!this.gliding) this.seeHandle(x, y);
  }

  /**
   * Draw a line through places of the plane, between points and handle; null or [] takes it away.
   * It follows zoom and pan by itself and is unseen while the projection changes: set it anew for
   * the new plane. Several lines live side by side under different keys.
   * @param {Point[] | null} places
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
   * @param {import('./underlay.js').Rectangle} [rectangle]
   * @param {number} [pointOpacity]  of all points, 0 to 1, while it is there; at 0 none is hit
   */
  setUnderlay(canvas, rectangle, pointOpacity = 0.35) {
    this.underlay.set(canvas, rectangle);
    this.underlay.place(this.viewport);
    this.layerOfPoints.element.style.opacity = canvas ? String(pointOpacity) : '';
    this.shown.unseen = Boolean(canvas) && pointOpacity === 0;
  }

  /** @param {number} factor */
  zoom(factor, px = this.viewport.width / 2, py = this.viewport.height / 2) {
    this.viewport.zoom(factor, px, py);
    this.redraw();
  }

  /**
   * Show a place from so near that `reach` around it, in units of the plane, fills the map.
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   */
  lookAt(x, y, reach) {
    this.viewport.lookAt(x, y, reach);
    this.redraw();
  }

  resetView() {
    this.viewport.reset();
    this.redraw();
  }

  destroy() {
    this.gliding?.abort();
    this.resizing.disconnect();
    this.layerOfPoints.destroy();
  }

  /**
   * Draw the handle there, which during a glide is not yet its place.
   * @param {number} x
   * @param {number} y
   */
  seeHandle(x, y) {
    this.seen = [x, y];
    this.handle.hidden = false;
    moveTo(this.handle, this.viewport.toPixel(x, y));
  }

  /** Fit the view to the element's size and the points. */
  frame() {
    this.viewport.resize(this.element.clientWidth, this.element.clientHeight);
    this.viewport.refit(this.shown.points);
    this.placeOverlay();
  }

  resize() {
    if (!this.element.clientWidth) return;
    const { width, height } = this.viewport;
    if (this.element.clientWidth === width && this.element.clientHeight === height) return;
    this.frame();
    this.layerOfPoints.refresh();
  }

  redraw() {
    this.placeOverlay();
    this.layerOfPoints.refresh();
  }

  /** Handle, labels, paths and underlay to where their places are now. */
  placeOverlay() {
    this.overlay.place(this.viewport);
    this.underlay.place(this.viewport);
    if (this.seen) moveTo(this.handle, this.viewport.toPixel(...this.seen));
    this.labels.place(this.shown.points, this.shown.classOf, this.viewport);
  }
}

/** Put an element of the map's layer at a pixel. @param {HTMLElement} element @param {Point} pixel */
export function moveTo(element, [x, y]) {
  element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
}
