/** The actions of the pointer on a map: preview, pin, drag the handle, select. */

import { oncePerFrame } from './dom.js';
import { within } from './lasso.js';
import { moveTo } from './map_view.js';

// distances in CSS pixels: a press hits the point, or the handle; the pointer is over a point
const POINT_RADIUS = 12;
const HANDLE_RADIUS = 16;
const HOVER_RADIUS = 8;

/** @import { Point } from './types.js' */
/** @import { Stroke } from './gestures.js' */

export class Pointing {
  /**
   * @param {import('./map.js').LatentMap} map
   * @param {import('./map.js').MapListener} listener
   */
  constructor(map, listener) {
    this.map = map;
    this.listener = listener;
    /** @type {Point | null} */
    this.pointer = null;
    this.hoverSoon = oncePerFrame(() => this.hover());
  }

  /**
   * The decode request goes out first; everything else can wait for the frame.
   * @param {number} px
   * @param {number} py
   * @param {number} time
   */
  look(px, py, time) {
    const { map } = this;
    this.pointer = [px, py];
    const [x, y] = map.viewport.toPlace(px, py);
    this.listener.onMove(x, y, this.under(px, py), time);
    map.cursor.hidden = map.tools.tool !== 'move';
    moveTo(map.cursor, [px, py]);
    map.hint?.seen();
    this.hoverSoon();
  }

  /** @param {number} time */
  leave(time) {
    this.rest();
    this.map.layer.classList.remove('aeviz-graspable');
    this.listener.onLeave(time);
  }

  /** The stroke that a press begins. @param {number} px @param {number} py @param {number} time @returns {Stroke} */
  press(px, py, time) {
    const { map } = this;
    this.rest();
    map.welcome(false);
    if (map.tools.tool !== 'move') return this.select(px, py);
    if (!map.plain && this.overHandle(px, py)) return this.drag(px, py);
    this.pin(px, py, map.pointAt(px, py, POINT_RADIUS), time);
    return { move: (x, y, at) => this.pin(x, y, -1, at) };
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was handled */
  key(event) {
    const { map } = this;
    if (!map.tools.element.isConnected || map.tools.element.hidden) return false;
    if (map.tools.key(event)) return true;
    if (event.key !== 'Escape' || !map.shown.chosen.length) return false;
    map.select([]);
    return true;
  }

  /**
   * The handle keeps its distance to the pointer; a press without a move pins the point there.
   * @param {number} px
   * @param {number} py
   * @returns {Stroke}
   */
  drag(px, py) {
    const { map } = this;
    const [handleX, handleY] = map.place ? map.viewport.toPixel(...map.place) : [px, py];
    const [dx, dy] = [handleX - px, handleY - py];
    const release = () => map.element.classList.remove('aeviz-dragging');
    map.element.classList.add('aeviz-dragging');
    return {
      move: (x, y, time) => this.pin(x + dx, y + dy, -1, time),
      cancel: release,
      end: (moved, time) => {
        release();
        if (!moved) this.pin(px, py, map.pointAt(px, py, POINT_RADIUS), time);
      },
    };
  }

  /** @param {number} px @param {number} py @returns {Stroke} */
  select(px, py) {
    const { map } = this;
    const { outline, viewport } = map;
    outline.begin(map.tools.tool === 'box' ? 'box' : 'lasso', px, py);
    return {
      move: (x, y) => outline.extend(x, y),
      cancel: () => outline.end(),
      end: () => {
        const corners = outline.end().map(([x, y]) => viewport.toPlace(x, y));
        map.select(within(corners, map.shown.points).filter((i) => map.shown.isVisible(i)));
      },
    };
  }

  /** @param {number} px @param {number} py @param {number} index @param {number} time */
  pin(px, py, index, time) {
    const { viewport } = this.map;
    const [x, y] = index < 0 ? viewport.toPlace(px, py) : this.map.placeOf(index);
    this.listener.onPin(x, y, index, time);
  }

  /** Update what is under the pointer: the handle, or a point and its image. */
  hover() {
    const { map, pointer } = this;
    if (!pointer || map.plain) return;
    map.layer.classList.toggle('aeviz-graspable', this.overHandle(...pointer));
    const index = this.under(...pointer);
    const { width, height } = map.viewport;
    if (index < 0) map.thumbnail?.hide();
    else map.thumbnail?.show(index, map.shown.classOf[index], ...pointer, width, height);
  }

  /**
   * The point under a pixel; -1 if there is none, over the handle, and while points move.
   * @param {number} px
   * @param {number} py
   */
  under(px, py) {
    const { map } = this;
    return map.plain || map.gliding || this.overHandle(px, py) ? -1 : map.pointAt(px, py, HOVER_RADIUS);
  }

  /** The pointer has left or is pressed: hide what follows it. */
  rest() {
    this.pointer = null;
    this.map.cursor.hidden = true;
    this.map.thumbnail?.hide();
  }

  /** @param {number} px @param {number} py */
  overHandle(px, py) {
    const { map } = this;
    if (!map.place || map.tools.tool !== 'move') return false;
    const [x, y] = map.viewport.toPixel(...map.place);
    return Math.hypot(px - x, py - y) <= HANDLE_RADIUS;
  }
}
