import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  columnsOf,
  inserted,
  nameOf,
  nearby,
  resized,
  widthOf,
  without,
} from '../../aeviz/web/static/network_layers.js';
import { heightOf, sizeOf } from '../../aeviz/web/static/network_shapes.js';

const LIMITS = { width: 1024, layers: 3, code: 256 };
const DENSE = { kind: 'dense', shape: [1, 28, 28], hidden: [512, 128], channels: [], code: 8 };
const CONV = { kind: 'conv', shape: [1, 28, 28], hidden: [64], channels: [16, 32], code: 4 };

test('a dense network is its widths, there and back', () => {
  assert.deepEqual(
    columnsOf(DENSE).map(({ label }) => label),
    ['784', '512', '128', '8', '128', '512', '784'],
  );
  assert.deepEqual(
    columnsOf(DENSE).map(({ mirrored }) => Boolean(mirrored)),
    [false, false, false, false, true, true, true],
  );
});

test('a convolution halves the image, rounded up', () => {
  const [image, first, second, dense, code] = columnsOf(CONV);
  assert.deepEqual([image.label, first.label, second.label], ['1x28x28', '16x14x14', '32x7x7']);
  assert.deepEqual([second.size, second.each], [32 * 49, 49]);
  assert.deepEqual([dense.role, code.role], ['hidden', 'code']);
  assert.equal(columnsOf({ ...CONV, shape: [1, 5, 5] })[1].label, '16x3x3');
});

test('a new layer is as wide as its neighbours’ geometric mean, rounded', () => {
  assert.deepEqual(inserted(DENSE, 1, LIMITS), {
    net: { ...DENSE, hidden: [512, 256, 128] },
    role: 'hidden',
    width: 256,
  });
  assert.deepEqual(inserted(CONV, 0, LIMITS).net.channels, [8, 16, 32]);
  assert.deepEqual(inserted(CONV, 1, LIMITS).net.channels, [16, 22, 32]);
  assert.deepEqual(inserted(CONV, 3, LIMITS).net.hidden, [64, 16]);
  assert.equal(inserted({ ...DENSE, hidden: [9, 9, 9] }, 1, LIMITS), null);
});

test('a layer goes, but not the last convolution', () => {
  assert.deepEqual(without(DENSE, 'hidden', 0).hidden, [128]);
  assert.deepEqual(without(CONV, 'channels', 1).channels, [16]);
  assert.equal(without({ ...CONV, channels: [16] }, 'channels', 0), null);
});

test('a width stays within its limits', () => {
  assert.deepEqual(resized(DENSE, { role: 'hidden', at: 1 }, 5000, LIMITS).hidden, [512, 1024]);
  assert.equal(resized(DENSE, { role: 'code', at: 0 }, 5000, LIMITS).code, 256);
  assert.equal(resized(DENSE, { role: 'code', at: 0 }, -3, LIMITS).code, 1);
  assert.deepEqual(DENSE.hidden, [512, 128]);
  assert.deepEqual(
    [widthOf(CONV, { role: 'channels', at: 1 }), widthOf(CONV, { role: 'code', at: 0 })],
    [32, 4],
  );
});

test('round numbers are eight in each doubling', () => {
  const up = [];
  for (let width = 15; up.length < 12; ) up.push((width = nearby(width, 1)));
  assert.deepEqual(up, [16, 18, 20, 22, 24, 26, 28, 30, 32, 36, 40, 44]);
  const down = [];
  for (let width = 36; down.length < 4; ) down.push((width = nearby(width, -1)));
  assert.deepEqual(down, [32, 30, 28, 26]);
  assert.deepEqual([nearby(33.9), nearby(34.1), nearby(0.2), nearby(1, -1)], [32, 36, 1, 1]);
});

test('layers have names', () => {
  assert.equal(nameOf({ role: 'hidden', at: 1 }, DENSE), 'layer 2');
  assert.equal(nameOf({ role: 'hidden', at: 0 }, CONV), 'dense layer 1');
  assert.equal(nameOf({ role: 'channels', at: 1 }, CONV), 'conv layer 2');
});

test('a bar’s height and a layer’s size undo each other', () => {
  for (const size of [1, 10, 512, 2000]) {
    const back = sizeOf(heightOf(size, 784), 784);
    assert.ok(Math.abs(back - size) < 1e-9 * size);
  }
});
