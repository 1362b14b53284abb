/**
 * The view of a map: gallery points in Plotly's WebGL scatter, and above them a transparent layer with
 * the handle, the classes' names and the drawings of modes. These are separate elements, so moving
 * them does not redraw the points.
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
    /** The target of the handle. @type {Point | null} */
    this.place = null;
    /** The current position of the handle. @type {Point | null} */
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
   * gestures work at once, before Plotly.
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
   * Glide to another projection of the same points, with the handle to its new place. A
   * further call meanwhile starts from the current positions.
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
      const to = viewport.home; // another one, if the map's size has changed meanwhile
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
   * Draw a line through places of the plane, between points and handle; null or [] removes it.
   * It follows zoom and pan automatically and is hidden while the projection changes: set it again for
   * the new plane. There can be several lines with different keys.
   * @param {Point[] | null} places
   * @param {import('./overlay.js').PathOptions} [options]
   */
  setPath(places, options) {
    this.overlay.setPath(places, options);
    this.overlay.place(this.viewport);
  }

  /**
   * Draw small labelled markers instead of the previous ones with the same key; [] removes them.
   * @param {import('./overlay.js').Marker[]} markers
   * @param {string} [key]
   */
  setMarkers(markers, key) {
    this.overlay.setMarkers(markers, key);
    this.overlay.place(this.viewport);
  }

  /**
   * Draw a Gaussian of the plane by its outlines at 1 and 2 standard deviations. `matrix` is its
   * covariance: diag(sigma0², sigma1²) if the plane is two dimensions of a VAE's code.
   * @param {import('./overlay.js').Ellipse | null} ellipse
   */
  setEllipse(ellipse) {
    this.overlay.setEllipse(ellipse);
    this.overlay.place(this.viewport);
  }

  /**
   * Draw a canvas under the points, over a rectangle in plane coordinates; null removes it.
   * Its width and height attributes are its resolution; draw into it at any time.
   * @param {HTMLCanvasElement | null} canvas
   * @param {import('./underlay.js').Rectangle} [rectangle]
   * @param {number} [pointOpacity]  of all points, 0 to 1, while there is a canvas; at 0 no point can be hit
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
   * Zoom in on a place so that `reach` around it, in units of the plane, fills the map.
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
   * Draw the handle at a position, which during a glide is not yet its target.
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

  /** Move handle, labels, paths and underlay to their current positions. */
  placeOverlay() {
    this.overlay.place(this.viewport);
    this.underlay.place(this.viewport);
    if (this.seen) moveTo(this.handle, this.viewport.toPixel(...this.seen));
    this.labels.place(this.shown.points, this.shown.classOf, this.viewport);
  }
}

/** Position an element of the map's layer at a pixel. @param {HTMLElement} element @param {Point} pixel */
export function moveTo(element, [x, y]) {
  element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
}
