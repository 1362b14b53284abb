import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cdf, covarianceOnPlane, normals, quantile } from '../../aeviz/web/static/gaussian.js';

const near = (found, wanted, tolerance) =>
  assert.ok(Math.abs(found - wanted) <= tolerance, `${found} is not ${wanted}`);

test('Phi has the values of the tables', () => {
  // scipy.stats.norm.cdf
  for (const [x, p] of [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.96, 0.024997895148220435],
    [3, 0.9986501019683699],
    [-8, 6.220960574271785e-16],
  ])
    near(cdf(x), p, 1e-14 + 1e-7 * Math.min(p, 1 - p));
  assert.equal(cdf(40), 1);
  assert.equal(cdf(-40), 0);
});

test('quantiles undo Phi, and are symmetric', () => {
  for (let x = -6; x <= 6; x += 0.25) near(quantile(cdf(x)), x, x > 3 ? 1e-6 : 1e-9);
  for (const p of [1e-6, 0.01, 0.2, 0.4]) near(quantile(p) + quantile(1 - p), 0, 1e-9);
  assert.deepEqual([quantile(0), quantile(1), quantile(-1)], [-Infinity, Infinity, -Infinity]);
});

test('draws repeat with their seed and are normal', () => {
  const draw = (seed, count) => Array.from({ length: count }, normals(seed));
  assert.deepEqual(draw(7, 20), draw(7, 20));
  assert.notDeepEqual(draw(7, 20), draw(8, 20));
  const many = draw(1, 20000);
  const mean = many.reduce((a, b) => a + b) / many.length;
  const variance = many.reduce((a, b) => a + (b - mean) ** 2, 0) / many.length;
  near(mean, 0, 0.03);
  near(variance, 1, 0.03);
});

test('the covariance on a plane is J diag(variance) J transposed', () => {
  const rows = [
    [1, 2, 0],
    [0, -1, 3],
  ];
  const toPlace = (z) => rows.map((row) => row.reduce((sum, a, j) => sum + a * z[j], 5));
  assert.deepEqual(covarianceOnPlane({ toPlace }, [1, 4, 2]), [
    [17, -8],
    [-8, 22],
  ]);
});
