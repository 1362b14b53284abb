import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PlaneIndex } from '../../aeviz/web/static/neighbours.js';
import { projections } from '../../aeviz/web/static/projection.js';

const [COUNT, SIZE] = [1000, 100];

/** A gallery of random codes with a UMAP layout that has nothing to do with them. */
function gallery() {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5;
  const latents = new Float32Array(COUNT * SIZE).map(random);
  const umap = new Float32Array(2 * COUNT).map(random);
  const dims = Array.from({ length: SIZE }, (_, index) => ({ index, std: random() }));
  return {
    random,
    latents,
    umap,
    dims,
    latentDim: SIZE,
    count: COUNT,
    plane: null,
    trustworthiness: {},
  };
}

const apart = (a, b) => Math.max(...a.map((value, j) => Math.abs(value - b[j])));

test('the tree finds the neighbours that a plain search finds', () => {
  const { umap, random } = gallery();
  const index = new PlaneIndex(umap, 8);
  for (let i = 0; i < 300; i += 1) {
    const [x, y] = [2 * random(), 2 * random()];
    const squares = Array.from(
      { length: COUNT },
      (_, k) => (umap[2 * k] - x) ** 2 + (umap[2 * k + 1] - y) ** 2,
    ).sort((a, b) => a - b);
    assert.ok(apart([...index.nearest([x, y]).squares], squares) < 1e-9);
  }
});

test('on a layout each point stands for its own code, there and back', () => {
  const made = gallery();
  const { toCode, toPlace } = projections(made).find(({ id }) => id === 'umap');
  for (let i = 0; i < COUNT; i += 7) {
    const at = [...made.umap.slice(2 * i, 2 * i + 2)];
    const code = made.latents.slice(i * SIZE, (i + 1) * SIZE);
    assert.ok(apart([...toCode(...at)], code) < 1e-5);
    assert.ok(apart([...toPlace(code)], at) < 1e-5);
  }
});

test('the code does not jump on the way', () => {
  const { toCode } = projections(gallery()).find(({ id }) => id === 'umap');
  const longest = (steps) => {
    let most = 0;
    let last = [...toCode(-0.5, 0)];
    for (let i = 1; i <= steps; i += 1) {
      const code = [...toCode(i / steps - 0.5, (0.3 * i) / steps)];
      most = Math.max(most, apart(code, last));
      last = code;
    }
    return most;
  };
  assert.ok(longest(20000) < longest(2000) / 3);
});
