/**
 * The latent map: the view (`MapView`), and its interaction by pointer, touch, wheel and
 * keys.
 */

import { h } from './dom.js';
import { Gestures } from './gestures.js';
import { Hint } from './hint.js';
import { Outline } from './lasso.js';
import { MapView } from './map_view.js';
import { Pointing } from './pointing.js';
import { Selection } from './selection.js';
import { Thumbnail } from './thumbnail.js';
import { Tools } from './tools.js';

/**
 * @typedef {{onMove: (x: number, y: number, index: number, time: number) => void,
 *   onPin: (x: number, y: number, index: number, time: number) => void,
 *   onLeave: (time: number) => void,
 *   onSelect?: (indices: number[]) => void}} MapListener
 *   the index is the gallery image at the place, -1 if there is none; those of onSelect are the chosen
 *   points of visible classes
 */

export class LatentMap extends MapView {
  /**
   * @param {{labels: Int16Array, classNames: string[], colours: string[], wheel: boolean,
   *   sprite?: import('./gallery.js').Sprite | null, plain?: boolean}} options
   *   plain: only decodes and pins; no hint, thumbnails or selection, and its handle is not dragged
   * @param {MapListener} listener
   */
  constructor({ labels, classNames, colours, wheel, sprite = null, plain = false }, listener) {
    super(labels, classNames, colours);
    this.listener = listener;
    this.plain = plain;
    this.cursor = h('div', { class: 'aeviz-cursor', hidden: true });
    this.outline = new Outline();
    this.hint = plain ? null : new Hint();
    this.thumbnail = sprite && !plain ? new Thumbnail(sprite, classNames, colours) : null;
    this.handle.before(this.outline.element, this.cursor);
    if (this.thumbnail) this.layer.append(this.thumbnail.element);
    if (this.hint) this.layer.append(this.hint.element);
    this.welcome(Boolean(this.hint?.shown));
    /** The tool group, for the map's bar. */
    this.tools = new Tools((tool) => this.layer.classList.toggle('aeviz-selecting', tool !== 'move'));
    /** The chosen images and their counts, for below the map. */
    this.selection = new Selection({ labels, classNames, sprite }, colours, {
      pick: (index, time) => listener.onPin(...this.placeOf(index), index, time),
      clear: () => this.select([]),
    });
    this.pointing = new Pointing(this, listener);
    this.gestures = new Gestures(this.layer, { wheel }, this.listenerOfGestures());
  }

  /**
   * @override
   * @param {Float32Array} points
   * @param {[string, string] | null} axes
   */
  async start(points, axes) {
    await super.start(points, axes);
    this.hint?.begin();
  }

  /**
   * @override
   * @param {Float32Array} points
   * @param {[string, string] | null} axes
   * @param {import('./types.js').Point} place
   */
  async show(points, axes, place) {
    this.thumbnail?.hide();
    await super.show(points, axes, place);
  }

  /** @returns {import('./gestures.js').GestureListener} */
  listenerOfGestures() {
    const { pointing, viewport, listener } = this;
    return {
      move: (px, py, time) => pointing.look(px, py, time),
      press: (px, py, time) => pointing.press(px, py, time),
      leave: (time) => pointing.leave(time),
      key: (event) => pointing.key(event),
      step: (dx, dy, time) => {
        const [px, py] = viewport.toPixel(...(this.place ?? [0, 0]));
        listener.onPin(...viewport.toPlace(px + dx, py + dy), -1, time);
      },
      zoom: (factor, px, py) => this.zoom(factor, px, py),
      pan: (dx, dy) => {
        viewport.pan(dx, dy);
        this.redraw();
      },
    };
  }

  /** Hide or show a class. @param {number} index @param {boolean} visible */
  toggleClass(index, visible) {
    this.shown.toggleClass(index, visible);
    this.layerOfPoints.hide(this.shown.hidden);
    this.labels.toggle(index, visible);
    this.showSelection();
  }

  /**
   * Choose points instead of those chosen before; points of hidden classes do not count while hidden.
   * @param {number[]} indices
   */
  select(indices) {
    this.shown.chosen = indices;
    this.layerOfPoints.choose(indices.length ? indices : null);
    this.showSelection();
  }

  /** @override */
  destroy() {
    super.destroy();
    this.gestures.destroy();
  }

  showSelection() {
    const visible = this.shown.visibleChosen;
    this.selection.show(visible);
    this.listener.onSelect?.(visible);
  }

  /** @param {number} index */
  placeOf(index) {
    return this.shown.placeOf(index);
  }

  /**
   * The visible point nearest to a pixel within a radius; -1 if there is none.
   * @param {number} px
   * @param {number} py
   * @param {number} radius
   */
  pointAt(px, py, radius) {
    return this.shown.at(this.viewport, px, py, radius);
  }

  /** Show or hide the invitation to use the map: a pulse and a line. @param {boolean} inviting */
  welcome(inviting) {
    this.element.classList.toggle('aeviz-inviting', inviting);
    if (!inviting) this.hint?.used();
  }
}
