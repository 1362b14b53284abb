import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nearest, randomPoint } from '../../aeviz/web/static/gallery.js';
import { Nearby } from '../../aeviz/web/static/nearby.js';
import { NearestCodes } from '../../aeviz/web/static/nearest.js';
import { ShownPoints } from '../../aeviz/web/static/shown_points.js';
import { Viewport } from '../../aeviz/web/static/viewport.js';
import { random } from './browser.js';

const COUNT = 500;

function galleryOf(latentDim, active = () => true) {
  const dims = Array.from({ length: latentDim }, (_, index) => ({
    index,
    std: 1 + (index % 3),
    active: active(index),
  }));
  return { latents: random(COUNT * latentDim), latentDim, count: COUNT, dims };
}

/** Indices of the codes by their distance from z along some dimensions. */
function plainSearch({ latents, latentDim, count }, z, along) {
  const square = (i) => along.reduce((sum, j) => sum + (latents[i * latentDim + j] - z[j]) ** 2, 0);
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => square(a) - square(b));
}

for (const latentDim of [2, 8, 20]) {
  test(`the nearest codes of ${latentDim} numbers are those of a plain search`, () => {
    const gallery = galleryOf(latentDim);
    const search = new NearestCodes(gallery);
    for (let seed = 2; seed < 40; seed += 1) {
      const z = random(latentDim, seed);
      const { indices, distance } = search.find(z, 5);
      const wanted = plainSearch(gallery, z, [...z.keys()]).slice(0, 5);
      assert.deepEqual(indices, wanted);
      const first = gallery.latents.subarray(wanted[0] * latentDim, (wanted[0] + 1) * latentDim);
      assert.ok(Math.abs(distance - search.between(z, first)) < 1e-6);
      assert.equal(nearest(gallery, z), wanted[0]);
    }
  });
}

test('dimensions that carry nothing do not count', () => {
  const gallery = galleryOf(6, (index) => index < 2);
  const z = random(6, 9);
  assert.deepEqual(new NearestCodes(gallery).find(z, 5).indices, plainSearch(gallery, z, [0, 1]).slice(0, 5));
});

test('among equals the image’s own code comes first', () => {
  const dims = [{ index: 0, std: 1, active: true }];
  const search = new NearestCodes({ latents: Float32Array.of(1, 1, 1, 5), latentDim: 1, count: 4, dims });
  assert.equal(search.find([1], 2, 2).indices[0], 2);
  assert.equal(search.find([1], 9).indices.length, 4); // no more than there are
});

test('the grid finds the point that a plain search finds, within reach and accepted', () => {
  const points = random(2 * COUNT);
  const grid = new Nearby(points);
  for (let seed = 2; seed < 80; seed += 1) {
    const [x, y, size] = random(3, seed);
    const reach = 0.1 * Math.abs(size);
    const accepts = (i) => i % 3 !== 0;
    let [best, least] = [-1, reach ** 2];
    for (let i = 0; i < COUNT; i += 1) {
      const square = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
      if (accepts(i) && square < least) [best, least] = [i, square];
    }
    assert.equal(grid.nearest(x, y, reach, accepts), best);
  }
});

test('no point and points in one place have their grid too', () => {
  assert.equal(
    new Nearby(new Float32Array(0)).nearest(0, 0, 1, () => true),
    -1,
  );
  assert.equal(
    new Nearby(Float32Array.of(2, 2, 2, 2)).nearest(2, 2.5, 1, (i) => i > 0),
    1,
  );
});

test('hidden classes are neither found nor chosen', () => {
  const shown = new ShownPoints(Int16Array.of(0, 1));
  shown.points = Float32Array.of(0, 0, 1, 0);
  shown.chosen = [0, 1];
  const viewport = new Viewport();
  viewport.resize(100, 100);
  viewport.fit(shown.points);
  const [px, py] = viewport.toPixel(0, 0);
  assert.equal(shown.at(viewport, px, py, 12), 0);
  shown.toggleClass(0, false);
  assert.equal(shown.at(viewport, px, py, 12), -1);
  assert.deepEqual(shown.visibleChosen, [1]);
  shown.toggleClass(0, true);
  assert.deepEqual(shown.visibleChosen, [0, 1]);
  shown.unseen = true;
  assert.equal(shown.at(viewport, px, py, 12), -1);
});

test('a random image is of its class, and not the one left out', () => {
  const gallery = { labels: Int16Array.of(0, 1, 1, 2), count: 4 };
  for (let i = 0; i < 20; i += 1) assert.equal(randomPoint(gallery, 1, 1), 2);
  assert.equal(randomPoint(gallery, 5), null);
  assert.ok(randomPoint(gallery, null) < 4);
});
