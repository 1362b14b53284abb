import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PlaneIndex } from '../../aeviz/web/static/neighbours.js';
import { clearest, codeUnder, projections } from '../../aeviz/web/static/projection.js';
import { throughPrior } from '../../aeviz/web/static/wrapped.js';

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

/** A gallery of four numbers with its PCA plane, whose axes have unit length. */
function planar() {
  const latents = Float32Array.of(0, 0, 0, 0, 1, 2, 3, 4);
  const components = [
    [0.6, 0.8, 0, 0],
    [0, 0, 0.8, -0.6],
  ];
  return {
    latents,
    latentDim: 4,
    count: 2,
    dims: [2, 0, 1, 3].map((index) => ({ index })),
    plane: { mean: [0.5, -1, 0, 2], components },
    pca: Float32Array.of(0.5, 1.2, 2, 0),
    trustworthiness: { pca: 0.7 },
  };
}

const Z = Float32Array.of(0.5, -1.2, 2.1, -0.3);
const alike = (a, b, tolerance = 1e-6) => assert.ok(apart([...a], [...b]) < tolerance, `${a}: ${b}`);

test('the way back from a linear plane is exact, and keeps what lies off it', () => {
  for (const { toCode, toPlace, id } of projections(planar())) {
    alike(toCode(...toPlace(Z), Z), Z);
    const moved = toCode(1.5, -2, Z);
    alike(toPlace(moved), [1.5, -2]);
    const [x, y] = toPlace(Z);
    alike(toCode(x, y, moved), Z); // nothing else of the code has changed
    if (id === 'z') assert.deepEqual([moved[1], moved[3]], [Z[1], Z[3]]);
  }
});

test('the plain plane has the two most informative numbers as its axes', () => {
  const plain = projections(planar()).find(({ id }) => id === 'z');
  assert.deepEqual(plain.axes, ['z2', 'z0']);
  assert.deepEqual([...plain.points], [0, 0, 3, 1]);
});

test('codes of one and of two numbers have one map', () => {
  const dims = [{ index: 0, low: -1, high: 1 }, { index: 1 }];
  const [line, ...none] = projections({ latents: Float32Array.of(5, 6), latentDim: 1, count: 2, dims });
  assert.deepEqual([none.length, [...line.toCode(3, 9, [])], line.toPlace([4])], [0, [3], [4, 0]]);
  const two = { latents: Float32Array.of(5, 6), latentDim: 2, count: 1, dims };
  assert.deepEqual(
    projections(two).map(({ id, slice }) => [id, slice]),
    [['z', false]],
  );
});

test('the most trustworthy map comes first; without a word, the first', () => {
  const list = [{ truth: { share: 0.7 } }, { truth: { share: 0.9 } }, { truth: null }];
  assert.equal(clearest(list), list[1]);
  assert.equal(clearest([list[2], list[2]]), list[2]);
});

test('on a slice a point means its own code, elsewhere the place', () => {
  const made = planar();
  const [pca] = projections(made);
  assert.deepEqual([...codeUnder(pca, made, { x: 0, y: 0, index: 1 }, Z)], [1, 2, 3, 4]);
  alike(pca.toPlace(codeUnder(pca, made, { x: 0, y: 1, index: -1 }, Z)), [0, 1]);
});

test('the plane through the prior leads back to each code', () => {
  for (const projection of projections(planar())) {
    const wrapped = throughPrior(projection, 4);
    alike(wrapped.toCode(...wrapped.toPlace(Z), Z), Z);
    alike(wrapped.toPlace(new Float32Array(4)), [0.5, 0.5]);
    assert.ok(wrapped.points.every((value) => value > 0 && value < 1));
    for (const rim of [0, 1]) assert.ok(wrapped.toCode(rim, rim, Z).every(Number.isFinite));
  }
});
