/**
 * Manifold: n x n decoded places of the plane, drawn under the points of the map.
 * In the address: `n`; `steps`, quantiles or even; `points`, shown or hidden.
 */

import { SheetDecoder } from './decoding.js';
import { h, oncePerFrame } from './dom.js';
import { Sheet } from './sheet.js';
import { tabs } from './toolbar.js';
import { throughPrior } from './wrapped.js';

/** @import { Projection } from './projection.js' */
/** @import { View } from './state.js' */
/** @typedef {{left: number, right: number, bottom: number, top: number}} Area */

const [LEAST, USUAL, MOST] = [2, 15, 30];
const FADED = 0.25;
const SAME = 1e-4; // an invisible change of the code off the plane
/** @type {Record<'quantiles' | 'even' | 'slice' | 'layout', string>} */
const LOOK = {
  quantiles:
    'Each tile shows the middle of an equally likely part of the prior N(0, I). Points spread evenly ' +
    'over the square mean that the codes follow the prior. In empty areas the decoder had few codes to ' +
    'learn from.',
  even:
    'Follow a row: does one image turn into the next little by little, or fall apart between the ' +
    'points? The decoder was not trained on any image there.',
  slice: 'Follow a row: does one image turn into the next little by little, or fall apart?',
  layout:
    'Each tile is the image of the mean code of the points nearest to it. If the image changes abruptly ' +
    'from one tile to the next, the codes in between are somewhere else on the map, or nowhere.',
};
/** @param {import('./gallery.js').Gallery} gallery */
function aboutSlice({ latentDim, tsne }) {
  const others =
    latentDim === 3
      ? 'direction of the code stays as it is'
      : `${latentDim - 2} directions of the code stay as they are`;
  return (
    ` This is a slice through the kept code: the other ${others}. No other image lies exactly in it, so no points are drawn.` +
    (tsne ? ' t-SNE shows all classes.' : '')
  );
}

/** @param {import('./modes.js').Stage} stage */
export function open(stage) {
  const { gallery, state, client, map } = stage;
  const sheet = new Sheet(
    gallery.imageShape,
    { rows: USUAL, columns: USUAL },
    {
      'data-testid': 'aeviz-manifold',
      'aria-label': 'Images decoded from a grid of places on the plane',
    },
  );
  const decoder = new SheetDecoder(client, (index, pixels) => sheet.draw(index, pixels));

  const count = slider((n) => state.remember({ n: n === USUAL ? null : n }));
  const steps = tabs(
    [
      { id: 'quantiles', label: 'Gaussian quantiles', hint: 'Steps of equal probability under the prior' },
      { id: 'even', label: 'Even steps', hint: 'Steps of equal length over the points’ range' },
    ],
    {
      name: 'Steps',
      testid: 'aeviz-steps',
      onChoose: (id) => state.remember({ steps: id === 'even' ? id : null }),
    },
  );
  /** @type {Map<string, Projection>} */
  const wrapped = new Map();
  let chosen = stage.projection();
  const fits = () => gallery.gaussian && chosen.linear;
  const pointsHidden = () => chosen.slice || state.view.params.points === 'hidden';
  const wrap = (/** @type {Projection} */ projection) => {
    chosen = projection;
    if (!fits() || state.view.params.steps === 'even') return projection;
    const known = wrapped.get(projection.id) ?? throughPrior(projection, gallery.latentDim);
    wrapped.set(projection.id, known);
    return known;
  };
  /** @type {HTMLInputElement} */
  const points = h('input', {
    type: 'checkbox',
    'data-testid': 'aeviz-manifold-points',
    onchange: () => state.remember({ points: points.checked ? null : 'hidden' }),
  });
  const showPoints = h('label', { class: 'aeviz-check' }, points, 'Points');
  const look = h('p', { class: 'aeviz-muted aeviz-look' });

  let shown = '';
  /** @type {Float32Array | null} */
  let rest = null;
  /** Decode the grid if its codes have changed. */
  const refresh = oncePerFrame(() => {
    if (stage.signal.aborted) return;
    const n = numberOf(state.view);
    const projection = stage.projection();
    const area = areaOf(projection);
    const key = [n, projection.id, area.left, area.bottom, area.right - area.left].join();
    const { z } = state.view;
    const off = projection.toCode((area.left + area.right) / 2, (area.bottom + area.top) / 2, z);
    const before = key === shown ? rest : null;
    if (before && off.every((value, j) => Math.abs(value - before[j]) < SAME)) return;
    [shown, rest] = [key, off];
    sheet.resize(n, n);
    decoder.want(gridCodes(projection, area, n, z), key, fromTheMiddle(n));
  });
  /** The images also depend on the rest of the code, except for layouts, where only the places count. */
  const settle = () => {
    const hidden = pointsHidden();
    map?.setUnderlay(sheet.canvas, areaOf(stage.projection()), hidden ? 0 : FADED);
    map?.element.classList.toggle('aeviz-tilesonly', hidden);
    count.show(numberOf(state.view));
    const spacing = stage.projection().spansPrior ? 'quantiles' : 'even';
    steps.choose(spacing);
    steps.element.hidden = !fits();
    showPoints.hidden = chosen.slice;
    points.checked = !hidden;
    look.textContent = chosen.slice
      ? LOOK.slice + aboutSlice(gallery)
      : LOOK[chosen.linear ? spacing : 'layout'];
    refresh();
  };

  stage.wrapProjection(wrap);
  return {
    element: h(
      'div',
      { class: 'aeviz-manifold' },
      h('div', { class: 'aeviz-bar' }, count.element, steps.element, showPoints),
      look,
    ),
    /** @type {import('./state.js').Listener} */
    update(_, patch) {
      if ('params' in patch) stage.wrapProjection(wrap);
      if ('params' in patch || 'projection' in patch) settle();
      else if ('z' in patch) refresh();
    },
    picture: () => sheet.canvas,
    close() {
      decoder.close();
      stage.wrapProjection(null);
      map?.setUnderlay(null);
      map?.element.classList.remove('aeviz-tilesonly');
    },
  };
}

/** @param {View} view */
function numberOf({ params }) {
  const n = Math.round(Number(params.n));
  return n >= LEAST && n <= MOST ? n : USUAL;
}

/** @param {(n: number) => void} onInput */
function slider(onInput) {
  /** @type {HTMLInputElement} */
  const input = h('input', {
    type: 'range',
    min: LEAST,
    max: MOST,
    step: 1,
    'data-testid': 'aeviz-manifold-n',
    'aria-label': 'Images along each side',
    oninput: () => onInput(input.valueAsNumber),
  });
  const said = h('output', {});
  return {
    element: h('label', { class: 'aeviz-slider aeviz-count' }, h('span', {}, 'Grid'), input, said),
    /** @param {number} n */
    show(n) {
      input.value = String(n);
      input.style.setProperty('--fill', `${(100 * (n - LEAST)) / (MOST - LEAST)}%`);
      said.textContent = `${n} × ${n}`;
    },
  };
}

/**
 * The square that the grid covers: all of the prior, or all points except far outliers.
 * @param {Projection} projection
 * @returns {Area}
 */
function areaOf({ points, spansPrior }) {
  if (spansPrior) return { left: 0, right: 1, bottom: 0, top: 1 };
  const [left, right] = ends(points, 0);
  const [bottom, top] = ends(points, 1);
  const half = Math.max(right - left, top - bottom, 1e-6) / 2;
  const [x, y] = [(left + right) / 2, (bottom + top) / 2];
  return { left: x - half, right: x + half, bottom: y - half, top: y + half };
}

/** @param {Float32Array} points @param {0 | 1} axis */
function ends(points, axis) {
  const values = points.filter((_, i) => i % 2 === axis).sort();
  const skip = Math.floor(values.length * 0.005);
  return [values[skip], values[values.length - 1 - skip]];
}

/**
 * The code at the centre of each tile, row by row from the top.
 * @param {Projection} projection
 * @param {Area} area
 * @param {number} n
 * @param {Float32Array} z
 */
function gridCodes(projection, { left, right, bottom, top }, n, z) {
  return Array.from({ length: n * n }, (_, i) => {
    const x = left + (((i % n) + 0.5) / n) * (right - left);
    const y = top - ((Math.floor(i / n) + 0.5) / n) * (top - bottom);
    return projection.toCode(x, y, z);
  });
}

/** Tiles ordered by their distance from the centre of an n x n grid. @param {number} n */
function fromTheMiddle(n) {
  const far = (/** @type {number} */ i) => Math.hypot((i % n) - (n - 1) / 2, Math.floor(i / n) - (n - 1) / 2);
  return Array.from({ length: n * n }, (_, i) => i).sort((a, b) => far(a) - far(b));
}
