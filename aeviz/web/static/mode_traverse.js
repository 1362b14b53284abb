/**
 * Traverse: a row per number of the code, most informative first; each tile is the pinned code with
 * that one number set to one of evenly spaced values. In the address: `rows=all` for more of them.
 */

import { SheetDecoder } from './decoding.js';
import { h, oncePerFrame } from './dom.js';
import { Sheet } from './sheet.js';
import { Tiles } from './tiles.js';
import { button } from './toolbar.js';

/** @import { Dimension, Gallery } from './gallery.js' */
/** @import { View } from './state.js' */

const FIRST = 10;
const MOST = 64;
const GAP = 1;
/** Tiles per row, by the available width: odd, so that one is in the middle. */
const COLUMNS = [
  [900, 15],
  [560, 11],
  [0, 7],
];

/** @param {import('./modes.js').Stage} stage */
export function open(stage) {
  const { gallery, state, client } = stage;
  const dims = gallery.dims.slice(0, MOST);
  const rowsOf = (/** @type {View} */ { params }) =>
    params.rows === 'all' ? dims.length : Math.min(FIRST, dims.length);
  let columns = 11;

  const sheet = new Sheet(
    gallery.imageShape,
    { rows: rowsOf(state.view), columns, gap: GAP },
    {
      'data-testid': 'aeviz-traverse',
    },
  );
  const decoder = new SheetDecoder(client, (index, pixels) => sheet.draw(index, pixels));
  /** @param {Dimension} dim @param {number} column */
  const value = ({ low, high }, column) => low + ((high - low) * column) / (columns - 1);
  const at = (/** @type {number} */ index) => ({
    dim: dims[Math.floor(index / columns)],
    column: index % columns,
  });
  const codeAt = (/** @type {number} */ index) => {
    const { dim, column } = at(index);
    const z = Float32Array.from(state.view.z);
    z[dim.index] = value(dim, column);
    return z;
  };
  const tiles = new Tiles(sheet, {
    label: 'Traversals, one row per dimension',
    nameOf: (index) => {
      const { dim, column } = at(index);
      return `z${dim.index} = ${value(dim, column).toFixed(2).replace('-', '−')}`;
    },
    onLook: (index, time) =>
      index === null ? state.set({ preview: null }, time) : state.look(codeAt(index), time),
    onPick: (index, time) => state.go(codeAt(index), null, time),
  });
  const labels = h('div', { class: 'aeviz-rowlabels' });
  const more =
    dims.length <= FIRST
      ? null
      : button(
          '',
          'More or fewer dimensions',
          () => state.remember({ rows: state.view.params.rows === 'all' ? null : 'all' }),
          {
            'data-testid': 'aeviz-traverse-more',
          },
        );

  const refresh = oncePerFrame(() => {
    if (stage.signal.aborted) return;
    const { z } = state.view;
    const shown = dims.slice(0, sheet.rows);
    tiles.mark(
      shown.map((dim, row) => {
        const share = (z[dim.index] - dim.low) / (dim.high - dim.low);
        return row * columns + Math.round(Math.min(1, Math.max(0, share)) * (columns - 1));
      }),
    );
    decoder.want(
      Array.from({ length: sheet.count }, (_, index) => codeAt(index)),
      `${sheet.rows} x ${columns}`,
    );
  });
  const layOut = () => {
    const rows = rowsOf(state.view);
    if (columns !== sheet.columns) sheet.resize(rows, columns);
    else sheet.setRows(rows);
    labels.replaceChildren(...dims.slice(0, rows).map((dim) => rowLabel(dim, gallery)));
    if (more) more.textContent = rows > FIRST ? `Show the first ${FIRST}` : `Show all ${dims.length}`;
    element.style.setProperty('--columns', String(columns));
    refresh();
  };
  const element = h(
    'div',
    { class: 'aeviz-traverse' },
    h('div', { class: 'aeviz-rows' }, labels, tiles.element),
    h(
      'p',
      { class: 'aeviz-muted aeviz-look' },
      'Each row starts at the lowest value that the gallery’s codes take and ends at the highest; ' +
        'the outlined image is where the code is now. Does a row change one thing only, ' +
        'such as size or slant? The figure below each name says how informative this number is: ' +
        (gallery.gaussian ? 'its KL divergence from the prior.' : 'its share of the codes’ variance.'),
      more && h('span', { class: 'aeviz-more' }, more),
    ),
  );
  const sizing = new ResizeObserver(([{ contentRect }]) => {
    const [, wanted = columns] = COLUMNS.find(([width]) => contentRect.width >= width) ?? [];
    if (wanted === columns) return;
    columns = wanted;
    layOut();
  });
  sizing.observe(element);

  return {
    element,
    /** @type {import('./state.js').Listener} */
    update(_, patch) {
      if ('params' in patch || 'mode' in patch) layOut();
      else if ('z' in patch) refresh();
    },
    picture: () => sheet.canvas,
    close() {
      sizing.disconnect();
      tiles.destroy();
      decoder.close();
    },
  };
}

/** @param {Dimension} dim @param {Gallery} gallery */
function rowLabel({ index, information, active }, { gaussian, count }) {
  const carried = gaussian
    ? `${information.toFixed(information < 10 ? 1 : 0)} nats`
    : `${Math.round(100 * information)} %`;
  const help = gaussian
    ? 'How much this number says about the image: KL divergence from the prior, in nats'
    : 'This number’s share of the codes’ variance';
  return h(
    'div',
    {
      class: active ? null : 'aeviz-idle',
      title: active ? help : 'Moving this number hardly changes the image',
    },
    h('span', {}, 'z', h('sub', {}, String(index))),
    count ? h('small', {}, active ? carried : 'nothing') : null,
  );
}
