/**
 * A network as plain data, {kind, shape: [C, H, W], hidden, channels, code}, and what an edit makes
 * of it. No drawing here.
 */

/**
 * Its layers from input to output. `at` is the place in `hidden` or `channels`; `each` is how many
 * values one channel has; `size` is how many all have; `label` says a shape as "32x14x14" or "512".
 */
export function columnsOf({ kind, shape, hidden, channels, code }) {
  const [c, height, width] = shape;
  const pixels = c * height * width;
  const image = {
    role: 'image',
    at: 0,
    each: 1,
    size: pixels,
    label: kind === 'conv' ? shape.join('x') : `${pixels}`,
  };
  let [h, w] = [height, width];
  const convolutions = (kind === 'conv' ? channels : []).map((n, at) => {
    [h, w] = [Math.ceil(h / 2), Math.ceil(w / 2)];
    return { role: 'channels', at, each: h * w, size: n * h * w, label: `${n}x${h}x${w}` };
  });
  const dense = hidden.map((n, at) => ({ role: 'hidden', at, each: 1, size: n, label: `${n}` }));
  const encoder = [image, ...convolutions, ...dense];
  const middle = { role: 'code', at: 0, each: 1, size: code, label: `${code}` };
  const decoder = encoder.toReversed().map((column) => ({ ...column, mirrored: true }));
  return [...encoder, middle, ...decoder];
}

/** The network without one of its layers; null where it needs it. */
export function without(net, role, at) {
  if (role === 'channels' && net.channels.length === 1) return null;
  return { ...net, [role]: net[role].filter((_, i) => i !== at) };
}

/**
 * The network with one more layer after column `after`, as wide as its neighbours' geometric mean;
 * null where there are as many as may be. Between convolutions it is one, else it is dense.
 * @returns {{net: any, role: string, width: number} | null}
 */
export function inserted(net, after, limits) {
  const convolutions = net.kind === 'conv' ? net.channels.length : 0;
  const role = after < convolutions ? 'channels' : 'hidden';
  if (net[role].length >= limits.layers) return null;
  const at = role === 'channels' ? after : after - convolutions;
  const columns = columnsOf(net);
  const [left, right] = [columns[after], columns[after + 1]];
  let width;
  if (role === 'hidden') width = Math.sqrt(left.size * right.size);
  else if (at) width = Math.sqrt(net.channels[at - 1] * net.channels[at]);
  else width = net.channels[0] / 2;
  width = Math.max(1, Math.min(limits.width, nearby(width)));
  return { net: { ...net, [role]: net[role].toSpliced(at, 0, width) }, role, width };
}

/**
 * The round number nearest to `width`, or the next one above (`way` 1) or below it (-1). Round are
 * 1 to 16, then eight numbers in each doubling: 18, 20, ... 32, 36, ... 64, 72, ...
 */
export function nearby(width, way = 0) {
  const from = Math.max(1, way < 0 ? width - 1 : width);
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(from)) - 3));
  const multiple = [Math.ceil(width / step) - 1, Math.round(width / step), Math.floor(width / step) + 1][
    way + 1
  ];
  return Math.max(1, multiple * step);
}
