/**
 * Pointer, touch, wheel and keys on the map's layer, as gestures.
 *
 * Moving previews; pressing begins a stroke, whose meaning the map chooses (pin, drag the handle, select);
 * wheel and pinch zoom; Shift or the middle button pans; two fingers pinch and pan.
 */

import { firstThenPerFrame } from './dom.js';

/** @import { Point } from './types.js' */

/** @type {Record<string, Point | undefined>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEY_PIXELS = 6;
const DRAG_PIXELS = 3;

/**
 * @typedef {{move: (px: number, py: number, time: number) => void,
 *   end?: (moved: boolean, time: number) => void, cancel?: () => void}} Stroke
 *   from press to release; cancelled when a second finger comes down
 * @typedef {{move: (px: number, py: number, time: number) => void,
 *   press: (px: number, py: number, time: number) => Stroke,
 *   key: (event: KeyboardEvent) => boolean,
 *   leave: (time: number) => void, step: (dx: number, dy: number, time: number) => void,
 *   zoom: (factor: number, px: number, py: number) => void,
 *   pan: (dx: number, dy: number) => void}} GestureListener
 */

export class Gestures {
  /**
   * @param {HTMLElement} layer
   * @param {{wheel: boolean}} options
   * @param {GestureListener} listener
   */
  constructor(layer, { wheel }, listener) {
    this.layer = layer;
    this.listener = listener;
    /** @type {Map<number, Point>} */
    this.pointers = new Map();
    /** @type {{stroke: Stroke, px: number, py: number, moved: boolean} | null} */
    this.pressed = null;
    this.stopped = new AbortController();
    /**
     * @template {keyof HTMLElementEventMap} Name
     * @param {Name} name
     * @param {(event: HTMLElementEventMap[Name]) => void} handler
     * @param {AddEventListenerOptions} [options]
     */
    const on = (name, handler, options = {}) =>
      layer.addEventListener(name, handler, { signal: this.stopped.signal, ...options });
    on('pointerdown', (event) => this.down(event));
    // A browser holds moves back until it draws the next frame. Raw updates arrive at once, half a
    // frame earlier, but only on a secure page (or localhost).
    this.moves = firstThenPerFrame((/** @type {PointerEvent} */ event) => this.move(event));
    this.taken = 0;
    on('pointerrawupdate', (event) => this.take(/** @type {PointerEvent} */ (event)));
    on('pointermove', (event) => this.take(event));
    on('pointerup', (event) => this.up(event));
    on('pointercancel', (event) => this.up(event, true));
    on('pointerleave', (event) => {
      this.moves.drop();
      if (event.pointerType !== 'touch' && !this.pressed) listener.leave(event.timeStamp);
    });
    on('keydown', (event) => this.key(event));
    if (wheel) on('wheel', (event) => this.wheel(event), { passive: false });
  }

  destroy() {
    this.stopped.abort();
  }

  /** @param {MouseEvent} event @returns {Point} */
  at(event) {
    const box = this.layer.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** A move, unless it has already arrived as a raw update. @param {PointerEvent} event */
  take(event) {
    if (this.pointers.size > 1) {
      if (event.type === 'pointermove') this.move(event); // each finger counts
    } else if (event.timeStamp > this.taken) {
      this.taken = event.timeStamp;
      this.moves.take(event);
    }
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.moves.drop();
    const [px, py] = this.at(event);
    this.layer.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [px, py]);
    this.layer.focus({ preventScroll: true });
    if (this.pointers.size > 1) {
      this.cancel();
      return;
    }
    const pans = event.button === 1 || event.shiftKey;
    if (!pans && event.button !== 0) return;
    const stroke = pans ? this.panning(px, py) : this.listener.press(px, py, event.timeStamp);
    this.pressed = { stroke, px, py, moved: false };
    if (event.button === 1) event.preventDefault();
  }

  /** @param {PointerEvent} event */
  move(event) {
    const [px, py] = this.at(event);
    const before = this.pointers.get(event.pointerId);
    if (this.pointers.size === 2 && before) {
      this.pinch(event.pointerId, before, [px, py]);
    } else if (this.pressed) {
      const { pressed } = this;
      pressed.moved ||= Math.hypot(px - pressed.px, py - pressed.py) > DRAG_PIXELS;
      if (pressed.moved) pressed.stroke.move(px, py, event.timeStamp);
    } else if (event.pointerType !== 'touch') {
      this.listener.move(px, py, event.timeStamp);
    }
    if (before) this.pointers.set(event.pointerId, [px, py]);
  }

  /** @param {PointerEvent} event */
  up(event, cancelled = false) {
    if (this.pointers.size === 1) this.moves.flush(); // a drag ends at the position of the release
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return;
    const { pressed } = this;
    if (cancelled) this.cancel();
    this.pressed = null;
    if (pressed && !cancelled) pressed.stroke.end?.(pressed.moved, event.timeStamp);
  }

  /** Cancel the current stroke. @returns {boolean} whether there was one */
  cancel() {
    const { pressed } = this;
    this.pressed = null;
    pressed?.stroke.cancel?.();
    return Boolean(pressed);
  }

  /** @param {number} px @param {number} py @returns {Stroke} */
  panning(px, py) {
    let [lastX, lastY] = [px, py];
    return {
      move: (x, y) => {
        this.listener.pan(x - lastX, y - lastY);
        [lastX, lastY] = [x, y];
      },
    };
  }

  /** @param {number} id @param {Point} before @param {Point} now */
  pinch(id, before, now) {
    const [, other = now] = [...this.pointers].find(([key]) => key !== id) ?? [];
    const span = (/** @type {Point} */ point) =>
      Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
    const [x, y] = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    this.listener.zoom(span(before) / span(now), x, y);
    this.listener.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    this.listener.zoom(Math.exp(Math.max(-60, Math.min(60, pixels)) / 240), ...this.at(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    if ((event.key === 'Escape' && this.cancel()) || this.listener.key(event)) {
      event.preventDefault();
      return;
    }
    const direction = KEYS[event.key];
    const { clientWidth, clientHeight } = this.layer;
    if (direction) {
      const pixels = KEY_PIXELS * (event.shiftKey ? 4 : 1);
      this.listener.step(pixels * direction[0], pixels * direction[1], event.timeStamp);
    } else if (event.key === '+' || event.key === '=') {
      this.listener.zoom(0.8, clientWidth / 2, clientHeight / 2);
    } else if (event.key === '-') {
      this.listener.zoom(1.25, clientWidth / 2, clientHeight / 2);
    } else {
      return;
    }
    event.preventDefault();
  }
}
