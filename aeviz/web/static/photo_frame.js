/**
 * A photograph with a frame around the character to use. The frame can be dragged, resized by
 * its corners, or redrawn; arrow keys move it, and with Shift they resize it. Other
 * characters that were found are buttons.
 */

import { h } from './dom.js';
import { button } from './toolbar.js';

/** @import { Frame } from './photo.js' */
/** @import { Point } from './types.js' */

const STEP = 0.01; // of a side, per key press
const LEAST = 0.02;
const CORNERS = ['nw', 'ne', 'sw', 'se'];
/** @type {Record<string, Point | undefined>} */
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** @type {Frame} */
const WHOLE = [0, 0, 1, 1];

export class PhotoFrame {
  /**
   * @param {{src: string, width: number, height: number, found: Frame[], frame: Frame | null}} photo
   * @param {(frame: Frame | null, time: number) => void} onChange
   *   null: use the whole picture
   */
  constructor({ src, width, height, found, frame }, onChange) {
    this.found = found;
    this.onChange = onChange;
    this.frame = frame;
    this.box = h(
      'div',
      {
        class: 'aeviz-crop',
        tabindex: 0,
        role: 'application',
        'aria-roledescription': 'frame',
        'data-testid': 'aeviz-crop',
        onkeydown: (event) => {
          this.key(event);
        },
      },
      ...CORNERS.map((corner) => h('i', { class: 'aeviz-corner', 'data-corner': corner })),
    );
    this.others = found.map((place, i) => {
      const other = h('button', {
        type: 'button',
        class: 'aeviz-found',
        title: 'Take this one',
        'aria-label': `Digit ${i + 1} of ${found.length}`,
        'data-testid': `aeviz-found-${i}`,
        onclick: (event) => {
          this.set(place, event.timeStamp);
          this.box.focus();
        },
      });
      put(other, place);
      return other;
    });
    this.stage = h(
      'div',
      { class: 'aeviz-photo-stage', style: `aspect-ratio: ${width} / ${height}` },
      h('img', { src, alt: 'Your photo', draggable: 'false' }),
      ...this.others,
      this.box,
    );
    this.stage.onpointerdown = (event) => this.grab(event);
    this.whole = button(
      'Whole picture',
      'Take the whole picture as it is, without looking for a digit',
      (event) => {
        this.show(null);
        onChange(null, event.timeStamp);
      },
      { 'data-testid': 'aeviz-crop-whole' },
    );
    const many = found.length > 1 ? `${found.length} digits found: click one. ` : '';
    this.element = h(
      'figure',
      { class: 'aeviz-photo', 'data-testid': 'aeviz-photo', style: `--ratio: ${width / height}` },
      this.stage,
      h(
        'figcaption',
        {},
        `${many}Drag the frame or its corners, or draw a new one. Keys: arrows move it, Shift + arrows resize it.`,
      ),
      this.whole,
    );
    this.show(frame);
  }

  /** @param {Frame | null} frame */
  show(frame) {
    this.frame = frame;
    const [left, top, right, bottom] = (frame ?? WHOLE).map((side) => Math.round(100 * side));
    put(this.box, frame ?? WHOLE);
    this.box.toggleAttribute('data-whole', !frame);
    // A press inside the frame drags it.
    this.others.forEach((other, i) => {
      other.hidden = frame !== null && holds(frame, this.found[i]);
    });
    this.box.setAttribute(
      'aria-label',
      'Frame around the digit, ' +
        `from ${left} to ${right} % across and ${top} to ${bottom} % down. Arrows move it, Shift and arrows resize it.`,
    );
    this.whole.setAttribute('aria-pressed', String(!frame));
  }

  /** @param {Frame} frame @param {number} time */
  set(frame, time) {
    this.show(frame);
    this.onChange(frame, time);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = KEYS[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const [dx, dy] = way.map((step) => STEP * step);
    const [left, top, right, bottom] = this.frame ?? WHOLE;
    if (event.shiftKey) {
      this.set(
        [left, top, clamp(right + dx, left + LEAST, 1), clamp(bottom + dy, top + LEAST, 1)],
        event.timeStamp,
      );
    } else {
      this.set(moved([left, top, right, bottom], dx, dy), event.timeStamp);
    }
  }

  /** Start a drag: of a corner, of the frame, or a new frame on the photograph. @param {PointerEvent} event */
  grab(event) {
    const { target } = event;
    if (event.button !== 0 || !(target instanceof HTMLElement) || target.closest('.aeviz-found')) return;
    event.preventDefault();
    const from = this.at(event);
    const start = this.frame ?? WHOLE;
    const corner = target.dataset.corner;
    const inside = this.frame && this.box.contains(target);
    this.stage.setPointerCapture(event.pointerId);
    this.box.focus({ preventScroll: true });
    this.stage.onpointermove = (moving) => {
      const [x, y] = this.at(moving);
      if (corner) this.set(resized(start, corner, x, y), moving.timeStamp);
      else if (inside) this.set(moved(start, x - from[0], y - from[1]), moving.timeStamp);
      else if (Math.hypot(x - from[0], y - from[1]) > LEAST)
        this.set(between(from, [x, y]), moving.timeStamp);
    };
    this.stage.onpointerup = this.stage.onpointercancel = () => {
      this.stage.onpointermove = this.stage.onpointerup = this.stage.onpointercancel = null;
    };
  }

  /** @param {PointerEvent} event @returns {Point} */
  at(event) {
    const area = this.stage.getBoundingClientRect();
    return [
      clamp((event.clientX - area.left) / area.width, 0, 1),
      clamp((event.clientY - area.top) / area.height, 0, 1),
    ];
  }
}

/** @param {HTMLElement} element @param {Frame} frame */
function put(element, [left, top, right, bottom]) {
  Object.assign(element.style, {
    left: `${100 * left}%`,
    top: `${100 * top}%`,
    width: `${100 * (right - left)}%`,
    height: `${100 * (bottom - top)}%`,
  });
}

/** Whether the centre of a place is in the frame. @param {Frame} frame @param {Frame} place */
function holds([left, top, right, bottom], place) {
  const [x, y] = [(place[0] + place[2]) / 2, (place[1] + place[3]) / 2];
  return left <= x && x <= right && top <= y && y <= bottom;
}

/** @param {Frame} frame @param {number} dx @param {number} dy @returns {Frame} */
function moved([left, top, right, bottom], dx, dy) {
  const x = clamp(dx, -left, 1 - right);
  const y = clamp(dy, -top, 1 - bottom);
  return [left + x, top + y, right + x, bottom + y];
}

/** @param {Frame} frame @param {string} corner @param {number} x @param {number} y */
function resized([left, top, right, bottom], corner, x, y) {
  return between([corner.includes('w') ? right : left, corner.includes('n') ? bottom : top], [x, y]);
}

/**
 * The frame with these two corners, enlarged to the minimum visible size.
 * @param {Point} one
 * @param {Point} other
 * @returns {Frame}
 */
function between([x0, y0], [x1, y1]) {
  const [left, right] = apart(x0, x1);
  const [top, bottom] = apart(y0, y1);
  return [left, top, right, bottom];
}

/** @param {number} a @param {number} b */
function apart(a, b) {
  const low = Math.min(a, b, 1 - LEAST);
  return [low, Math.max(a, b, low + LEAST)];
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
