/**
 * The latent map: gallery points in Plotly's WebGL scatter, and a transparent layer above it that
 * takes pointer, touch, wheel and keys. Handle and labels are elements of that layer: moving them
 * costs no redraw of the points.
 */

import { h } from './dom.js';
import { Gestures } from './gestures.js';
import { glide, mix } from './glide.js';
import { Hint } from './hint.js';
import { Labels } from './labels.js';
import { Outline } from './lasso.js';
import { Nearby } from './nearby.js';
import { Overlay } from './overlay.js';
import { moveTo, Pointing } from './pointing.js';
import { PointLayer } from './points.js';
import { Selection } from './selection.js';
import { Thumbnail } from './thumbnail.js';
import { Tools } from './tools.js';
import { Underlay } from './underlay.js';
import { Viewport } from './viewport.js';

/**
 * @typedef {{onMove: (x: number, y: number, index: number, time: number) => void,
 *   onPin: (x: number, y: number, index: number, time: number) => void,
 *   onLeave: (time: number) => void,
 *   onSelect?: (indices: number[]) => void}} MapListener
 *   the index is the gallery image of the place, -1 where there is none; onSelect's are the chosen
 *   points of visible classes
 */

export class LatentMap {
  /**
   * @param {{labels: Int16Array, classNames: string[], colours: string[], wheel: boolean,
   *   sprite?: import('./gallery.js').Sprite | null, plain?: boolean}} options
   *   plain: only decodes and pins; no hint, thumbnails or selection, and its handle is not dragged
   * @param {MapListener} listener
   */
  constructor({ labels, classNames, colours, wheel, sprite = null, plain = false }, listener) {
    this.classOf = labels;
    this.listener = listener;
    this.plain = plain;
    this.hidden = new Set();
    this.chosen = [];
    this.points = new Float32Array(0);
    this.viewport = new Viewport();
    this.layerOfPoints = new PointLayer(labels, colours, Math.max(1, classNames.length), this.viewport);
    this.handle = h('div', { class: 'aeviz-handle', 'data-testid': 'aeviz-handle', hidden: true });
    this.cursor = h('div', { class: 'aeviz-cursor', hidden: true });
    this.labels = new Labels(classNames, colours);
    this.overlay = new Overlay();
    this.underlay = new Underlay();
    this.outline = new Outline();
    this.hint = plain ? null : new Hint();
    this.thumbnail = sprite && !plain ? new Thumbnail(sprite, classNames, colours) : null;
    this.layer = h(
      'div',
      {
        class: 'aeviz-layer',
        tabindex: 0,
        role: 'application',
        'aria-label':
          'Latent map. Arrow keys move the code, plus and minus zoom, ' +
          'M, B and L choose to move, to select by box or by lasso.',
      },
      this.labels.element,
      this.overlay.lines,
      this.outline.element,
      this.cursor,
      this.handle,
      this.overlay.signs,
      this.thumbnail?.element ?? null,
      this.hint?.element ?? null,
    );
    this.element = h(
      'div',
      { class: 'aeviz-map', 'data-testid': 'aeviz-map' },
      this.underlay.element,
      this.layerOfPoints.element,
      this.layer,
    );
    this.welcome(Boolean(this.hint?.shown));
    /** The tool group, for the map's bar. */
    this.tools = new Tools((tool) => this.layer.classList.toggle('aeviz-selecting', tool !== 'move'));
    /** The chosen images and their counts, to be placed under the map. */
    this.selection = new Selection({ labels, classNames, sprite }, colours, {
      pick: (index, time) => listener.onPin(...this.placeOf(index), index, time),
      clear: () => this.select([]),
    });
    this.pointing = new Pointing(this, listener);
    this.gestures = new Gestures(
      this.layer,
      { wheel },
      {
        move: (px, py, time) => this.pointing.look(px, py, time),
        press: (px, py, time) => this.pointing.press(px, py, time),
        leave: (time) => this.pointing.leave(time),
        key: (event) => this.pointing.key(event),
        step: (dx, dy, time) => {
          const [px, py] = this.viewport.toPixel(...(this.place ?? [0, 0]));
          listener.onPin(...this.viewport.toPlace(px + dx, py + dy), -1, time);
        },
        zoom: (factor, px, py) => this.zoom(factor, px, py),
        pan: (dx, dy) => {
          this.viewport.pan(dx, dy);
          this.redraw();
        },
      },
    );
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.element);
  }

  /**
   * Draw the points for the first time; resolves when they are on the screen. Handle, names and
   * gestures are there at once: they need not wait for Plotly.
   * @param {Float32Array} points  x0, y0, x1, y1, ...
   * @param {[string, string] | null} axes  null where zero means nothing
   */
  async start(points, axes) {
    this.points = points;
    this.underlay.showAxes(Boolean(axes));
    this.frame();
    await this.layerOfPoints.start(points);
    this.redraw();
    this.hint?.begin();
  }

  /**
   * Glide to another projection of the same points, the handle with them to its new place. A
   * further call on the way goes on from wherever everything is.
   * @param {Float32Array} points
   * @param {[string, string] | null} axes
   * @param {[number, number]} place
   */
  async show(points, axes, place) {
    const { viewport } = this;
    const handle = this.seen ?? place;
    const from = viewport.view;
    this.points = points;
    this.place = place;
    this.gliding?.abort();
    const { signal } = (this.gliding = new AbortController());
    this.element.classList.add('aeviz-gliding');
    this.thumbnail?.hide();
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
      this.seeHandle(mix(handle[0], this.place[0], share), mix(handle[1], this.place[1], share));
      this.layerOfPoints.travel(share);
    });
    if (signal.aborted) return;
    this.gliding = null;
    this.element.classList.remove('aeviz-gliding');
    this.placeOverlay();
  }

  /** Put the handle at a place of the plane. */
  setHandle(x, y) {
    this.place = [x, y];
    if (!this.gliding) this.seeHandle(x, y);
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
   * @param {number} [pointOpacity]  of all points, 0 to 1, while it is there; at 0 none is hit
   */
  setUnderlay(canvas, rectangle, pointOpacity = 0.35) {
    this.underlay.set(canvas, rectangle);
    this.underlay.place(this.viewport);
    this.layerOfPoints.element.style.opacity = canvas ? String(pointOpacity) : '';
    this.pointsUnseen = Boolean(canvas) && pointOpacity === 0;
  }

  /** Hide or show a class. */
  toggleClass(index, visible) {
    if (visible) this.hidden.delete(index);
    else this.hidden.add(index);
    this.layerOfPoints.hide(this.hidden);
    this.labels.toggle(index, visible);
    this.showSelection();
  }

  /** Choose points, in place of those chosen before; hidden classes are left out while hidden. */
  select(indices) {
    this.chosen = indices;
    this.layerOfPoints.choose(indices.length ? indices : null);
    this.showSelection();
  }

  zoom(factor, px = this.viewport.width / 2, py = this.viewport.height / 2) {
    this.viewport.zoom(factor, px, py);
    this.redraw();
  }

  /** Show a place from so near that `reach` around it, in units of the plane, fills the map. */
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
    this.gestures.destroy();
    this.layerOfPoints.destroy();
  }

  showSelection() {
    const visible = this.chosen.filter((i) => this.isVisible(i));
    this.selection.show(visible);
    this.listener.onSelect?.(visible);
  }

  placeOf(index) {
    return [this.points[2 * index], this.points[2 * index + 1]];
  }

  /** The visible point nearest to a pixel within so many pixels; -1 if there is none. */
  pointAt(px, py, radius) {
    if (this.pointsUnseen) return -1;
    if (this.nearby?.points !== this.points) this.nearby = new Nearby(this.points);
    return this.nearby.nearest(...this.viewport.toPlace(px, py), radius * this.viewport.scale, (i) =>
      this.isVisible(i),
    );
  }

  isVisible(index) {
    return !this.hidden.has(this.classOf[index]);
  }

  /** Invite to use the map by a pulse and a line, or end that. */
  welcome(inviting) {
    this.element.classList.toggle('aeviz-inviting', inviting);
    if (!inviting) this.hint?.used();
  }

  /** Draw the handle there, which during a glide is not yet its place. */
  seeHandle(x, y) {
    this.seen = [x, y];
    this.handle.hidden = false;
    moveTo(this.handle, this.viewport.toPixel(x, y));
  }

  /** Fit the view to the element's size and the points. */
  frame() {
    this.viewport.resize(this.element.clientWidth, this.element.clientHeight);
    this.viewport.refit(this.points);
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
    this.labels.place(this.points, this.classOf, this.viewport);
  }
}
