/** The points of a map for Plotly: a trace of each class, and a layout without axes. */

/** @import { Viewport } from './viewport.js' */

/** The opacity of a point: normally, if it is chosen, and if others are chosen. */
export const OPACITY = { usual: 0.75, chosen: 0.9, faded: 0.08 };

/**
 * The traces of a new plot.
 * @param {number[][]} members  points of each class
 * @param {Float32Array} points
 * @param {{colours: string[], size: number, style: ReturnType<typeof styleOf>}} look
 */
export function tracesOf(members, points, { colours, size, style }) {
  const { x, y } = coordinatesOf(members, points);
  return members.map((_, label) => ({
    type: 'scattergl',
    mode: 'markers',
    x: x[label],
    y: y[label],
    visible: style.visible[label],
    selectedpoints: style.selectedpoints[label],
    hoverinfo: 'skip',
    marker: { size, color: colours[label], opacity: OPACITY.usual },
    selected: { marker: { opacity: OPACITY.chosen } },
    unselected: { marker: { opacity: OPACITY.faded } },
  }));
}

/** @param {number[][]} members  points of each class @param {Float32Array} points */
export function coordinatesOf(members, points) {
  return {
    x: members.map((indices) => Float32Array.from(indices, (i) => points[2 * i])),
    y: members.map((indices) => Float32Array.from(indices, (i) => points[2 * i + 1])),
  };
}

/**
 * The state of each class: whether it is visible, and which of its points are chosen.
 * @param {number[][]} members  points of each class
 * @param {Set<number>} hidden
 * @param {Set<number> | null} chosen
 */
export function styleOf(members, hidden, chosen) {
  return {
    visible: members.map((_, label) => !hidden.has(label)),
    selectedpoints: members.map((indices) =>
      chosen ? indices.flatMap((i, at) => (chosen.has(i) ? [at] : [])) : null,
    ),
  };
}

/** @param {Viewport} viewport */
export function layoutOf({ width, height, ranges }) {
  const axis = (/** @type {number[]} */ range) => ({
    range,
    zeroline: false,
    showgrid: false,
    showticklabels: false,
    ticks: '',
    fixedrange: true,
  });
  return {
    width,
    height,
    margin: { l: 0, r: 0, t: 0, b: 0, pad: 0, autoexpand: false },
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    showlegend: false,
    hovermode: false,
    dragmode: false,
    xaxis: axis(ranges['xaxis.range']),
    yaxis: axis(ranges['yaxis.range']),
  };
}
