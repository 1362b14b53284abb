/**
 * Paths, labelled markers and sigma ellipses over the points of a map. All are given in plane
 * coordinates and redrawn whenever the view changes.
 *
 * @typedef {{x: number, y: number, label?: string, kind?: 'letter' | 'dot' | 'ring' | 'cross',
 *   colour?: string}} Marker
 *   letter: a filled disc with a short label in it; dot, ring, cross: small, the label beside them.
 * @typedef {{x: number, y: number, matrix: [[number, number], [number, number]]}} Ellipse
 *   a centre and the 2 x 2 covariance of a Gaussian on the plane
 * @typedef {{key?: string, colour?: string, dashed?: boolean, dots?: boolean}} PathOptions
 *   dots: also a dot at every place
 */

import { svg } from './dom.js';

/** @import { Point } from './types.js' */
/** @typedef {(points: Point[]) => string} Draw  the `d` of an SVG path */

const SIGMAS = [1, 2];
const CIRCLE_STEPS = 64;
const DOT = 2.5;

export class Overlay {
  constructor() {
    /** @type {Map<string, {element: SVGPathElement, draw: Draw, places: Point[]}[]>} */
    this.paths = new Map();
    /** @type {Map<string, {element: SVGGElement, x: number, y: number}[]>} */
    this.markers = new Map();
    /** @type {{elements: SVGPathElement[], outlines: Point[][]} | null} */
    this.ellipse = null;
    /** Paths and ellipses, below the handle, and markers, above it. */
    this.lines = svg('svg', { class: 'aeviz-overlay', 'aria-hidden': 'true' });
    this.signs = svg('svg', { class: 'aeviz-overlay', 'aria-hidden': 'true' });
  }

  /** @param {Point[] | null} places @param {PathOptions} [options] */
  setPath(places, { key = 'path', colour = '', dashed = false, dots = false } = {}) {
    this.paths.get(key)?.forEach(({ element }) => element.remove());
    this.paths.delete(key);
    if (!places?.length) return;
    const style = colour ? `--sign: ${colour}` : null;
    const shapes = [
      { element: svg('path', { class: 'aeviz-path-halo' }), draw: polyline },
      {
        element: svg('path', { class: `aeviz-path${dashed ? ' aeviz-dashed' : ''}`, style }),
        draw: polyline,
      },
    ];
    if (dots) shapes.push({ element: svg('path', { class: 'aeviz-path-dots', style }), draw: beads });
    this.lines.append(...shapes.map(({ element }) => element));
    this.paths.set(
      key,
      shapes.map((shape) => ({ ...shape, places })),
    );
  }

  /** @param {Marker[]} markers @param {string} [key] */
  setMarkers(markers, key = 'markers') {
    this.markers.get(key)?.forEach(({ element }) => element.remove());
    const signs = markers.map(({ x, y, ...look }) => ({ element: sign(look), x, y }));
    this.signs.append(...signs.map(({ element }) => element));
    this.markers.set(key, signs);
  }

  /** @param {Ellipse | null} ellipse */
  setEllipse(ellipse) {
    this.ellipse?.elements.forEach((element) => element.remove());
    this.ellipse = ellipse && {
      elements: SIGMAS.map(() => svg('path', { class: 'aeviz-ellipse' })),
      outlines: SIGMAS.map((sigmas) => outline(ellipse, sigmas)),
    };
    if (this.ellipse) this.lines.prepend(...this.ellipse.elements);
  }

  /** Draw everything at its position in this view. @param {import('./viewport.js').Viewport} viewport */
  place(viewport) {
    const toPixels = (/** @type {Point[]} */ places) => places.map(([x, y]) => viewport.toPixel(x, y));
    for (const shapes of this.paths.values()) {
      const pixels = toPixels(shapes[0].places);
      for (const { element, draw } of shapes) element.setAttribute('d', draw(pixels));
    }
    for (const signs of this.markers.values()) {
      for (const { element, x, y } of signs) {
        element.setAttribute('transform', `translate(${viewport.toPixel(x, y).map(digit).join(' ')})`);
      }
    }
    this.ellipse?.outlines.forEach((places, i) =>
      this.ellipse?.elements[i].setAttribute('d', `${polyline(toPixels(places))}Z`),
    );
  }
}

/** @param {Omit<Marker, 'x' | 'y'>} look */
function sign({ label = '', kind = 'letter', colour = '' }) {
  const shape = {
    letter: () => svg('circle', { r: 10 }),
    dot: () => svg('circle', { r: 4 }),
    ring: () => svg('circle', { r: 7 }),
    cross: () => svg('path', { d: 'M-5 -5L5 5M-5 5L5 -5' }),
  }[kind]();
  const style = colour ? `--sign: ${colour}` : null;
  const group = svg('g', { class: `aeviz-sign aeviz-sign-${kind}`, style }, shape);
  if (label) {
    const beside = kind !== 'letter';
    const text = svg('text', beside ? { x: 10, dy: '0.35em' } : { dy: '0.35em', 'text-anchor': 'middle' });
    text.textContent = label;
    group.append(text);
  }
  return group;
}

/**
 * Points at `sigmas` standard deviations: centre + sigmas * L u, |u| = 1, with L Lᵀ = covariance.
 * @param {Ellipse} ellipse
 * @param {number} sigmas
 * @returns {Point[]}
 */
function outline({ x, y, matrix: [[a, b], [, d]] }, sigmas) {
  const l00 = Math.sqrt(Math.max(a, 0));
  const l10 = l00 > 0 ? b / l00 : 0;
  const l11 = Math.sqrt(Math.max(d - l10 * l10, 0));
  return Array.from({ length: CIRCLE_STEPS }, (_, i) => {
    const angle = (2 * Math.PI * i) / CIRCLE_STEPS;
    const [u, v] = [sigmas * Math.cos(angle), sigmas * Math.sin(angle)];
    return [x + l00 * u, y + l10 * u + l11 * v];
  });
}

const digit = (/** @type {number} */ value) => Number(value.toFixed(1));

/** @type {Draw} */
function polyline(pixels) {
  return `M${pixels.map((pixel) => pixel.map(digit).join(' ')).join('L')}`;
}

/** @type {Draw} */
function beads(pixels) {
  return pixels
    .map(
      ([x, y]) =>
        `M${digit(x - DOT)} ${digit(y)}a${DOT} ${DOT} 0 1 0 ${2 * DOT} 0a${DOT} ${DOT} 0 1 0 ${-2 * DOT} 0`,
    )
    .join('');
}
