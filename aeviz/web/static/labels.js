/** Class names on the map, at the position of each class. */

import { h } from './dom.js';

/** @import { Point } from './types.js' */
/** @import { Viewport } from './viewport.js' */

export class Labels {
  /** @param {string[]} classNames @param {string[]} colours */
  constructor(classNames, colours) {
    this.names = classNames.map((name, i) =>
      h(
        'span',
        {
          style: `--class: ${colours[i % colours.length]}`,
        },
        name,
      ),
    );
    this.element = h('div', { class: 'aeviz-labels', 'aria-hidden': 'true' }, ...this.names);
    /** @type {(Point | null)[]} */
    this.centres = [];
    /** @type {Float32Array | null} */
    this.points = null;
  }

  /**
   * Write each name at the median of its points, or below another name that is already there.
   * @param {Float32Array} points
   * @param {Int16Array} classOf
   * @param {Viewport} viewport
   */
  place(points, classOf, viewport) {
    if (points !== this.points) {
      this.points = points;
      this.centres = this.names.map((_, label) => centre(points, classOf, label));
    }
    const wanted = this.names.flatMap((name, i) => {
      const place = this.centres[i];
      name.hidden = !place;
      return place ? [{ name, at: viewport.toPixel(...place) }] : [];
    });
    /** @type {{x: number, y: number, reach: number}[]} */
    const written = [];
    for (const {
      name,
      at: [x, top],
    } of wanted.sort((one, other) => one.at[1] - other.at[1])) {
      const reach = name.offsetWidth / 2;
      let y = top;
      for (const other of written) {
        const beside = Math.abs(x - other.x) >= reach + other.reach;
        if (!beside && y - other.y < name.offsetHeight) y = other.y + name.offsetHeight;
      }
      written.push({ x, y, reach });
      name.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
  }

  /** @param {number} index @param {boolean} visible */
  toggle(index, visible) {
    this.names[index].style.display = visible ? '' : 'none';
  }
}

/**
 * @param {Float32Array} points
 * @param {Int16Array} classOf
 * @param {number} label
 * @returns {Point | null}
 */
function centre(points, classOf, label) {
  /** @type {number[]} */
  const xs = [];
  /** @type {number[]} */
  const ys = [];
  classOf.forEach((other, i) => {
    if (other !== label) return;
    xs.push(points[2 * i]);
    ys.push(points[2 * i + 1]);
  });
  return xs.length ? [median(xs), median(ys)] : null;
}

/** @param {number[]} values */
function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
