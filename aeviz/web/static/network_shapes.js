/** The drawing of a network: a bar for each layer, wedges between them, and the labels below. */

import { svg } from './dom.js';

/** @import { Column } from './network_layers.js' */
/** @typedef {Column & {x: number, height: number}} Place  of a layer in the drawing */

export const BAR = 14;
export const MARGIN = 30;
const TOP = 38;
const LOWEST = 10;
export const HIGHEST = 150;
export const ABOVE = 14; // how far a bar can be dragged beyond the highest one
export const MIDDLE = TOP + ABOVE + HIGHEST / 2;
export const BELOW = TOP + ABOVE + HIGHEST + 8;
export const HEIGHT = BELOW + 66;

/**
 * Pixels: LOWEST for one value, HIGHEST for the largest layer, and more for a larger one.
 * @param {number} size
 * @param {number} largest
 */
export function heightOf(size, largest) {
  return LOWEST + (HIGHEST - LOWEST) * (Math.log1p(size) / Math.log1p(largest));
}

/** The number of values of a layer with a bar of this height. @param {number} height @param {number} largest */
export function sizeOf(height, largest) {
  return Math.expm1(((height - LOWEST) / (HIGHEST - LOWEST)) * Math.log1p(largest));
}

/** @param {Place[]} places @param {Column | null} chosen  the layer that is being dragged */
export function shapesOf(places, chosen) {
  return [
    ...places.slice(1).map((right, i) => wedge(places[i], right)),
    ...places.flatMap((place) => bar(place, chosen?.at === place.at && chosen.role === place.role)),
    ...roles(places),
  ];
}

/**
 * The parts of a bar that can be dragged: its two ends, and an area around it.
 * @param {Place} place
 * @param {(event: PointerEvent) => void} onDown
 */
export function gripOf({ x, height }, onDown) {
  const ends = [-1, 1].map((side) =>
    svg('line', {
      x1: x - 9,
      x2: x + 9,
      y1: MIDDLE + (side * height) / 2,
      y2: MIDDLE + (side * height) / 2,
      class: 'av-net-end',
    }),
  );
  const area = svg('rect', {
    x: x - 18,
    width: 36,
    class: 'av-net-grip',
    y: MIDDLE - height / 2 - 12,
    height: height + 24,
  });
  area.addEventListener('pointerdown', onDown);
  // A finger on a bar resizes it and does not scroll: `touch-action` of a part of an SVG is
  // not supported everywhere.
  area.addEventListener('touchstart', (event) => event.preventDefault(), { passive: false });
  return svg('g', { class: 'av-net-handle' }, ...ends, area);
}

/** @param {Place} place @param {boolean} chosen */
function bar(place, chosen) {
  const { x, height, role } = place;
  const shape = svg('rect', {
    x: x - BAR / 2,
    y: MIDDLE - height / 2,
    width: BAR,
    height,
    rx: 3,
    class: `av-net-${role === 'code' ? 'code' : 'layer'}${chosen ? ' av-net-chosen' : ''}`,
  });
  if (role === 'image' || place.mirrored) return [shape, label(x, place.label)];
  return role === 'channels' ? [shape, label(x, place.label.replace(/^\d+/, ''), 1)] : [shape];
}

/** The labels at the bottom. @param {Place[]} places */
function roles(places) {
  const code = places.findIndex(({ role }) => role === 'code');
  const [first, middle, last] = [places[0].x, places[code].x, places[places.length - 1].x];
  /** @type {[number, string][]} */
  const words = [
    [first, 'image'],
    [(first + middle) / 2, 'encoder'],
    [middle, 'code'],
    [(middle + last) / 2, 'decoder'],
    [last, 'image'],
  ];
  return words.map(([x, name]) => svg('text', { x, y: HEIGHT - 6, class: 'av-net-role' }, name));
}

/** @param {Place} left @param {Place} right */
function wedge(left, right) {
  const [x1, x2] = [left.x + BAR / 2, right.x - BAR / 2];
  const points = [
    [x1, -left.height],
    [x2, -right.height],
    [x2, right.height],
    [x1, left.height],
  ];
  return svg('polygon', {
    points: points.map(([x, height]) => `${x},${MIDDLE + height / 2}`).join(' '),
    class: 'av-net-wedge',
  });
}

/**
 * A layer's shape below its bar: channels, then the size of the image.
 * @param {number} x
 * @param {string} text
 */
function label(x, text, from = 0) {
  const [first, ...rest] = text.split('x');
  const lines = [first + (rest.length && first ? ' ×' : ''), rest.join('×')];
  return svg(
    'text',
    { y: BELOW + (from ? 24 : 16), class: 'av-net-size' },
    ...lines.map((line, i) =>
      svg(
        'tspan',
        {
          x,
          dy: i ? 16 : 0,
        },
        i >= from && line ? `${from ? '×' : ''}${line}` : '',
      ),
    ),
  );
}
