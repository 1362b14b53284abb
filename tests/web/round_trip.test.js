import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RoundTrip } from '../../aeviz/web/static/round_trip.js';

function after(...times) {
  const trip = new RoundTrip();
  for (const ms of times) trip.note(ms);
  return trip.window;
}
const often = (ms) => Array(200).fill(ms);

test('a near server needs one request under way, a far one up to four', () => {
  assert.equal(new RoundTrip().window, 1);
  assert.equal(after(...often(5)), 1);
  assert.equal(after(...often(30)), 2);
  assert.equal(after(...often(1000)), 4);
});

test('a busy server gets one more than its network asks for', () => {
  assert.equal(after(...often(5), ...often(300)), 2);
});

test('a network that has become slower is learnt in time', () => {
  const trip = new RoundTrip();
  trip.note(5);
  for (let i = 0; i < 5000; i += 1) trip.note(60);
  assert.equal(trip.window, 4);
});
