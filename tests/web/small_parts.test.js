import assert from 'node:assert/strict';
import { test } from 'node:test';

import { meanSquaredError, pack } from '../../aeviz/web/static/canvas.js';
import { centred } from '../../aeviz/web/static/centred.js';
import { flat } from '../../aeviz/web/static/decoding.js';
import { atMostEvery, firstThenPerFrame, oncePerFrame } from '../../aeviz/web/static/dom.js';
import { newestOnly } from '../../aeviz/web/static/follow.js';
import { within } from '../../aeviz/web/static/lasso.js';
import { judge, underPrior } from '../../aeviz/web/static/manifold.js';
import { unpack } from '../../aeviz/web/static/packed.js';
import { stubFrames } from './browser.js';

test('packed arrays come back with their kinds, shapes and places', () => {
  const arrays = {
    points: { dtype: 'float32', shape: [2, 2], offset: 0 },
    labels: { dtype: 'int16', shape: [2], offset: 16 },
  };
  let header = JSON.stringify({ name: 'vae', arrays });
  while (header.length % 4) header += ' ';
  const packed = new Uint8Array([
    ...new Uint8Array(Uint32Array.of(header.length).buffer),
    ...new TextEncoder().encode(header),
    ...new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
    ...new Uint8Array(Int16Array.of(-1, 7).buffer),
  ]).buffer;
  const { header: read, array, shape } = unpack(packed);
  assert.equal(read.name, 'vae');
  assert.deepEqual(array('points'), Float32Array.of(1, 2, 3, 4));
  assert.deepEqual(array('labels'), Int16Array.of(-1, 7));
  assert.deepEqual([shape('points'), shape('umap'), array('umap')], [[2, 2], [], undefined]);
});

test('a lasso holds what is inside by the even-odd rule', () => {
  const arrow = [
    [0, 0],
    [4, 0],
    [4, 4],
    [2, 1], // a notch
    [0, 4],
  ];
  const points = Float32Array.of(1, 0.5, 2, 3, 3.5, 1, -1, 1, 0.2, 3);
  assert.deepEqual(within(arrow, points), [0, 2, 4]);
  assert.deepEqual(within(arrow.slice(0, 2), points), []);
});

test('grey and colour pixels become opaque words', () => {
  const words = new Uint32Array(4);
  pack(words, 2, 0, Uint8Array.of(1, 2, 3, 4), 0, [1, 2, 2]);
  assert.deepEqual([...words], [0xff010101, 0xff020202, 0xff030303, 0xff040404]);
  pack(words, 2, 1, Uint8Array.of(0, 16, 32, 48), 1, [3, 1, 1]);
  assert.equal(words[1], 0xff302010);
});

test('the error of two images is on the scale of 0 to 1', () => {
  assert.equal(meanSquaredError(Uint8Array.of(0, 255), Uint8Array.of(255, 255)), 0.5);
});

test('codes lie one after another', () => {
  assert.deepEqual(flat([Float32Array.of(1, 2), Float32Array.of(3, 4)]), Float32Array.of(1, 2, 3, 4));
});

test('ink moves to the middle, and none of it out of the image', () => {
  const image = new Float32Array(25);
  image[0] = 1;
  const middle = new Float32Array(25);
  middle[12] = 1;
  assert.deepEqual(centred(image, [1, 5, 5]), middle);
  const wide = new Float32Array(25);
  wide.set([1, 0.1, 0.1, 0.1, 0.1], 10);
  assert.deepEqual(centred(wide, [1, 5, 5]), wide);
  assert.deepEqual(centred(new Float32Array(25), [1, 5, 5]), new Float32Array(25));
});

test('a code is judged by its worst reading', () => {
  const typical = { nearest_median: 0.5, nearest_p95: 1, apart: 4, image_p99: 0.01, code_p99: 0.5 };
  assert.deepEqual(judge({}, typical), null);
  assert.deepEqual(judge({ nearest: 0.5 }, typical), { score: 0.5, word: 'on the data' });
  assert.equal(judge({ nearest: 0.5, image: 0.02 }, typical).word, 'between');
  assert.deepEqual(judge({ nearest: 100, image: 0 }, typical), { score: 3, word: 'nowhere' });
  assert.equal(judge({ prior: 4 }, null).word, 'nowhere');
  assert.equal(judge({ nearest: undefined, image: Number.NaN }, typical), null);
});

test('the density under the prior is that of a standard normal', () => {
  const { logDensity, length } = underPrior([3, 4]);
  assert.equal(length, 5);
  assert.ok(Math.abs(logDensity - (-12.5 - Math.log(2 * Math.PI))) < 1e-12);
  assert.ok(Math.abs(underPrior(new Array(100).fill(1)).longer - 0.48) < 0.02); // chi-square, 100 degrees
});

test('work is done once per frame', () => {
  const frames = stubFrames();
  let count = 0;
  const work = oncePerFrame(() => (count += 1));
  work();
  work();
  frames.next();
  assert.equal(count, 1);
  work();
  frames.next();
  assert.equal(count, 2);
});

test('the first input is taken at once, the newest of the others at the next frame', () => {
  const frames = stubFrames();
  const taken = [];
  const moves = firstThenPerFrame((input) => taken.push(input));
  for (const input of [1, 2, 3]) moves.take(input);
  assert.deepEqual(taken, [1]);
  frames.next();
  assert.deepEqual(taken, [1, 3]);
  moves.take(4);
  moves.drop();
  frames.next();
  moves.take(5);
  moves.take(6);
  moves.flush();
  assert.deepEqual(taken, [1, 3, 5, 6]);
});

test('work is never lost, and comes at most every so often', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let count = 0;
  const work = atMostEvery(100, () => (count += 1));
  for (let i = 0; i < 3; i += 1) work();
  assert.equal(count, 1);
  t.mock.timers.tick(100);
  assert.equal(count, 2);
  t.mock.timers.tick(500);
  assert.equal(count, 2);
});

test('of inputs that come while one is under way the newest is next', async () => {
  const done = [];
  const follow = newestOnly(async (input) => {
    await null;
    done.push(input);
  });
  await Promise.all([follow(1), follow(2), follow(3)]);
  assert.deepEqual(done, [1, 3]);
  await assert.rejects(newestOnly(async () => Promise.reject(new Error('away')))(1));
});
