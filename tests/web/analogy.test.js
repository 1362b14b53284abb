import assert from 'node:assert/strict';
import { test } from 'node:test';

import { telling } from '../../aeviz/web/static/analogy.js';

// Classes 0 and 1 lie along the first number, class 2 along the second, and a last one alone.
const LINE = [-2, -1, 0, 1, 2];
const CODES = [
  ...LINE.map((t) => [t, 0, 9]),
  ...LINE.map((t) => [t, 20, 9]),
  ...LINE.map((t) => [50, 3 * t, 9]),
  [0, 0, -90],
];
const GALLERY = {
  labels: Int16Array.from(CODES, (_, i) => Math.floor(i / 5)),
  latents: Float32Array.from(CODES.flat()),
  latentDim: 3,
  classNames: ['a', 'b', 'c', 'd', 'none'],
};

for (const [z, side] of [
  [null, null],
  [[1.8, 0, 9], 1],
  [[-1.8, 0, 9], -1],
]) {
  test(`the first example differs along what both classes share: A is ${z}`, () => {
    const { a, b, c } = telling(GALLERY, 0, z);
    assert.ok(a < 5 && b < 5 && c >= 5 && c < 10);
    const [onA, onB, onC] = [a, b, c].map((image) => LINE[image % 5]);
    const of = side ?? onA / 2;
    assert.deepEqual([of * onA, of * onB, of * onC], [2, -1, -1]);
  });
}

test('a class without codes has no example', () => {
  assert.equal(telling(GALLERY, 4), null);
});
