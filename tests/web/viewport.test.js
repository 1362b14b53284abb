import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Viewport } from '../../aeviz/web/static/viewport.js';

function fitted() {
  const viewport = new Viewport();
  viewport.resize(400, 300);
  viewport.fit(Float32Array.from([-2, -1, 2, 1, 0, 0]));
  return viewport;
}

const close = (found, wanted) =>
  found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-9, `${found}: ${wanted}`));

test('all points are inside, with one scale for both axes', () => {
  const viewport = fitted();
  for (const [x, y] of [
    [-2, -1],
    [2, 1],
  ]) {
    const [px, py] = viewport.toPixel(x, y);
    assert.ok(px > 0 && px < 400 && py > 0 && py < 300);
  }
  const [x0, y0] = viewport.toPixel(0, 0);
  const [x1, y1] = viewport.toPixel(1, 1);
  close([x1 - x0], [y0 - y1]);
});

test('pixels and places undo each other, and up is up', () => {
  const viewport = fitted();
  close(viewport.toPlace(...viewport.toPixel(0.3, -0.7)), [0.3, -0.7]);
  assert.ok(viewport.toPixel(0, 1)[1] < viewport.toPixel(0, -1)[1]);
});

test('zooming keeps the place under the pointer, within its limits', () => {
  const viewport = fitted();
  const place = viewport.toPlace(100, 80);
  viewport.zoom(0.5, 100, 80);
  close(viewport.toPlace(100, 80), place);
  for (let i = 0; i < 100; i += 1) viewport.zoom(0.5, 100, 80);
  close([viewport.home.scale / viewport.scale], [40]);
  for (let i = 0; i < 100; i += 1) viewport.zoom(2, 100, 80);
  close([viewport.scale / viewport.home.scale], [2]);
});

test('new points move who has not zoomed, and leave who has', () => {
  const viewport = fitted();
  viewport.refit(Float32Array.from([0, 0, 10, 10]));
  close([viewport.x, viewport.y], [5, 5]);
  viewport.pan(40, 0);
  const { x } = viewport;
  viewport.refit(Float32Array.from([-2, -1, 2, 1]));
  close([viewport.x], [x]);
});

test('few far points do not shrink the rest', () => {
  const points = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i));
  points[0] = 1e6;
  const viewport = new Viewport();
  viewport.resize(100, 100);
  viewport.fit(points);
  assert.ok(viewport.scale * 100 < 3);
});

test('no points at all still give a view', () => {
  const viewport = new Viewport();
  viewport.resize(100, 100);
  viewport.fit(new Float32Array(0));
  assert.ok(viewport.toPlace(50, 50).every(Number.isFinite));
});

test('another size shows the same place, zoomed or not', () => {
  for (const zoomed of [false, true]) {
    const points = Float32Array.of(-1, -1, 3, 1);
    const viewport = new Viewport();
    viewport.resize(400, 200);
    viewport.refit(points);
    if (zoomed) viewport.zoom(0.5, 0, 0);
    const before = viewport.view;
    viewport.resize(200, 100);
    viewport.refit(points);
    assert.deepEqual([viewport.x, viewport.y], [before.x, before.y]);
    close([viewport.scale / before.scale], [2]); // half as many pixels
    assert.equal(viewport.x === viewport.home.x, !zoomed);
  }
});

test('looking at a place shows what is around it', () => {
  const viewport = fitted();
  viewport.lookAt(1, 0.5, 0.3);
  close(viewport.toPlace(200, 150), [1, 0.5]);
  close([viewport.toPixel(1, 0.8)[1]], [0]);
});
