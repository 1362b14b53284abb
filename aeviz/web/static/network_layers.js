/**
 * A network as plain data, {kind, shape: [C, H, W], hidden, channels, code}, and edits
 * of it. No drawing here.
 *
 * @typedef {{kind: string, shape: import('./types.js').ImageShape, hidden: number[], channels: number[],
 *   code: number}} Network
 *   `kind` is "conv" for a convolutional one; `hidden` are the widths of the dense layers
 * @typedef {'image' | 'channels' | 'hidden' | 'code'} Role
 * @typedef {{role: Role, at: number, each: number, size: number, label: string, mirrored?: boolean}} Column
 *   a layer. `at` is the place in `hidden` or `channels`; `each` is how many values one channel has;
 *   `size` is how many all channels have; `label` says a shape as "32x14x14" or "512"; mirrored: of the decoder
 * @typedef {{width: number, layers: number, code: number}} Limits
 */

/** The layers from input to output. @param {Network} net @returns {Column[]} */
export function columnsOf({ kind, shape, hidden, channels, code }) {
  const [c, height, width] = shape;
  const pixels = c * height * width;
  /** @type {Column} */
  const image = {
    role: 'image',
    at: 0,
    each: 1,
    size: pixels,
    label: kind === 'conv' ? shape.join('x') : `${pixels}`,
  };
  let [h, w] = [height, width];
  /** @type {Column[]} */
  const convolutions = (kind === 'conv' ? channels : []).map((n, at) => {
    [h, w] = [Math.ceil(h / 2), Math.ceil(w / 2)];
    return { role: 'channels', at, each: h * w, size: n * h * w, label: `${n}x${h}x${w}` };
  });
  /** @type {Column[]} */
  const dense = hidden.map((n, at) => ({ role: 'hidden', at, each: 1, size: n, label: `${n}` }));
  const encoder = [image, ...convolutions, ...dense];
  /** @type {Column} */
  const middle = { role: 'code', at: 0, each: 1, size: code, label: `${code}` };
  const decoder = encoder.toReversed().map((column) => ({ ...column, mirrored: true }));
  return [...encoder, middle, ...decoder];
}

/**
 * The network without one of its layers; null if the layer is required.
 * @param {Network} net
 * @param {'channels' | 'hidden'} role
 * @param {number} at
 * @returns {Network | null}
 */
export function without(net, role, at) {
  if (role === 'channels' && net.channels.length === 1) return null;
  return { ...net, [role]: net[role].filter((_, i) => i !== at) };
}

/**
 * The network with one more layer after column `after`, as wide as its neighbours' geometric mean;
 * null if the maximum is reached. Between convolutions it is a convolution, else it is dense.
 * @param {Network} net
 * @param {number} after
 * @param {Limits} limits
 * @returns {{net: Network, role: 'channels' | 'hidden', width: number} | null}
 */
export function inserted(net, after, limits) {
  const convolutions = net.kind === 'conv' ? net.channels.length : 0;
  const role = after < convolutions ? 'channels' : 'hidden';
  if (net[role].length >= limits.layers) return null;
  const at = role === 'channels' ? after : after - convolutions;
  const columns = columnsOf(net);
  const [left, right] = [columns[after], columns[after + 1]];
  let width = net.channels[0] / 2;
  if (role === 'hidden') width = Math.sqrt(left.size * right.size);
  else if (at) width = Math.sqrt(net.channels[at - 1] * net.channels[at]);
  width = Math.max(1, Math.min(limits.width, nearby(width)));
  return { net: { ...net, [role]: net[role].toSpliced(at, 0, width) }, role, width };
}

/**
 * The network with `width` nodes, channels or dimensions at a layer, within the limits.
 * @param {Network} net
 * @param {Pick<Column, 'role' | 'at'>} place
 * @param {number} width
 * @param {Limits} limits
 * @returns {Network}
 */
export function resized(net, { role, at }, width, limits) {
  const value = Math.max(1, Math.min(role === 'code' ? limits.code : limits.width, width));
  if (role === 'code') return { ...net, code: value };
  if (role === 'image') return net;
  return { ...net, [role]: net[role].map((old, i) => (i === at ? value : old)) };
}

/**
 * The width of a layer: nodes, channels or dimensions.
 * @param {Network} net
 * @param {Pick<Column, 'role' | 'at'>} place
 */
export function widthOf(net, { role, at }) {
  if (role === 'code') return net.code;
  return role === 'image' ? 0 : net[role][at];
}

/** A layer in words. @param {Pick<Column, 'role' | 'at'>} place @param {Network} net */
export function nameOf({ role, at }, net) {
  if (role === 'image') return 'the image';
  if (role === 'code') return 'the code';
  if (role === 'channels') return `conv layer ${at + 1}`;
  return net.kind === 'conv' ? `dense layer ${at + 1}` : `layer ${at + 1}`;
}

/**
 * The round number nearest to `width`, or the next one above (`way` 1) or below it (-1). Round are
 * 1 to 16, then eight numbers in each doubling: 18, 20, ... 32, 36, ... 64, 72, ...
 * @param {number} width
 */
export function nearby(width, way = 0) {
  const from = Math.max(1, way < 0 ? width - 1 : width);
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(from)) - 3));
  const multiple = [Math.ceil(width / step) - 1, Math.round(width / step), Math.floor(width / step) + 1][
    way + 1
  ];
  return Math.max(1, multiple * step);
}
