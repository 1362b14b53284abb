import assert from 'node:assert/strict';
import { test } from 'node:test';

import { around, placesAt, viewAt } from '../../aeviz/web/replay/static/epochs.js';
import { keyTarget, Playhead } from '../../aeviz/web/replay/static/playhead.js';

const EPOCHS = [0, 1, 2, 4, 8];

/** Epochs of one point each, at `places`. */
function epochs(places) {
  return EPOCHS.map((epoch, i) => ({ epoch, places: Float32Array.of(places[i]) }));
}

function placeAt(there, time) {
  return placesAt(there, time, new Float32Array(1))[0];
}

/** A playhead that has been shown EPOCHS of a run. */
function shown({ left = undefined, active = false, still = false } = {}) {
  const head = new Playhead(left, { active, still });
  head.train(active);
  head.arrive(EPOCHS, true);
  return head;
}

/** Seconds until nothing moves any more, in frames of 1/60. */
function secondsToRest(head, numbers = EPOCHS, newest = numbers.at(-1)) {
  let frames = 0;
  while (head.moving && frames < 6000) {
    head.advance(1 / 60, numbers, newest);
    frames += 1;
  }
  return frames / 60;
}

test('a time lies between two epochs, and before the first or after the last on them', () => {
  const there = epochs([0, 0, 0, 0, 0]);
  const between = (time) => {
    const { before, after, share } = around(there, time);
    return [before.epoch, after.epoch, share];
  };
  assert.deepEqual(between(0.25), [0, 1, 0.25]);
  assert.deepEqual(between(3), [2, 4, 0.5]);
  assert.deepEqual(between(4), [4, 8, 0]);
  assert.deepEqual(between(-1), [0, 1, 0]);
  assert.deepEqual(between(99), [4, 8, 1]);
  const [only] = there;
  assert.deepEqual(around([only], 3), { first: 0, before: only, after: only, share: 1 });
});

test('points pass through their epochs, do not leave the range between two, and do not jump', () => {
  const places = [0, 3, 2.5, -1, 7];
  const there = epochs(places);
  EPOCHS.forEach((epoch, i) => assert.equal(placeAt(there, epoch), Math.fround(places[i])));
  for (let i = 0; i + 1 < EPOCHS.length; i += 1) {
    const [low, high] = [places[i], places[i + 1]].sort((a, b) => a - b);
    let last = placeAt(there, EPOCHS[i]);
    for (let share = 0; share <= 1; share += 1 / 64) {
      const place = placeAt(there, EPOCHS[i] + share * (EPOCHS[i + 1] - EPOCHS[i]));
      assert.ok(place >= low - 1e-6 && place <= high + 1e-6);
      assert.ok(Math.abs(place - last) <= (high - low) * (3 / 64));
      last = place;
    }
  }
});

test('points that move evenly go straight on, and ease at both ends', () => {
  const there = [0, 1, 2, 3].map((epoch) => ({ epoch, places: Float32Array.of(2 * epoch) }));
  for (const time of [1, 1.3, 1.9]) assert.ok(Math.abs(placeAt(there, time) - 2 * time) < 1e-6);
  assert.ok(placeAt(there, 0.3) < 0.6 && placeAt(there, 2.7) > 5.4);
});

test('the view zooms by equal factors in equal times', () => {
  const there = [
    { epoch: 0, view: { x: 0, y: -2, reach: 1 } },
    { epoch: 2, view: { x: 4, y: 2, reach: 16 } },
  ];
  assert.deepEqual(viewAt(there, 0), { x: 0, y: -2, reach: 1 });
  assert.deepEqual(viewAt(there, 1), { x: 2, y: 0, reach: 4 });
  assert.deepEqual(viewAt(there, 2), { x: 4, y: 2, reach: 16 });
});

test('a run that is over plays once by itself, when all of it is there', () => {
  const head = new Playhead(undefined, { active: false, still: false });
  head.train(false);
  head.arrive([8], false);
  assert.equal(head.moving, false);
  head.arrive(EPOCHS, true);
  assert.deepEqual([head.time, head.playing], [0, true]);
  const seconds = secondsToRest(head);
  assert.ok(Math.abs(seconds - 4 * 0.9) < 0.1, `${seconds} s`);
  assert.deepEqual([head.time, head.playing, head.following], [8, false, false]);
  head.arrive(EPOCHS, true);
  assert.equal(head.moving, false);
});

test('a long replay takes no longer than 24 seconds, and half of it at twice the speed', () => {
  const many = Array.from({ length: 400 }, (_, i) => i);
  const head = shown();
  head.pause();
  head.time = 0;
  head.play();
  assert.ok(Math.abs(secondsToRest(head, many) - 24) < 0.1);
  head.speed = 2;
  head.toggle(many); // from the beginning again
  assert.ok(Math.abs(secondsToRest(head, many) - 12) < 0.1);
});

test('playing waits at the last epoch that is loaded, and goes on when there are more', () => {
  const head = shown({ left: { time: 2, speed: 1, following: false, active: false } });
  head.play();
  for (let i = 0; i < 600; i += 1) head.advance(1 / 60, [0, 1, 2, 4], 8);
  assert.deepEqual([head.time, head.playing], [4, true]);
  secondsToRest(head);
  assert.equal(head.time, 8);
});

test('a training is followed: each new epoch is glided to', () => {
  const head = shown({ active: true });
  head.advance(0, EPOCHS, 8); // the newest at once
  assert.deepEqual([head.time, head.following, head.moving], [8, true, false]);
  head.arrive([...EPOCHS, 9], true);
  assert.equal(head.wanted, 9);
  assert.ok(Math.abs(secondsToRest(head, [...EPOCHS, 9]) - 1.2) < 0.1);
  assert.equal(head.time, 9);
  head.train(false);
  head.arrive([...EPOCHS, 9, 10], true);
  assert.deepEqual([head.time, head.following, head.moving], [9, false, false]);
});

test('with reduced motion nothing glides, and no run plays by itself', () => {
  const over = shown({ still: true });
  assert.equal(over.moving, false);
  const head = shown({ active: true, still: true });
  head.keepInside(EPOCHS);
  head.arrive([...EPOCHS, 9], true);
  assert.deepEqual([head.time, head.moving], [9, false]);
});

test('a hand takes over, settles on the nearest epoch and lets go of the newest', () => {
  const head = shown({ active: true });
  head.scrub(EPOCHS, 2.4, false);
  assert.deepEqual([head.time, head.following, head.moving], [2.4, false, false]);
  head.scrub(EPOCHS, 2.4, true);
  assert.equal(head.time, 2);
  head.scrub(EPOCHS, 3, true);
  assert.equal(head.time, 4);
  head.scrub(EPOCHS, -5, true);
  assert.equal(head.time, 0);
  head.arrive([...EPOCHS, 9], true);
  assert.equal(head.moving, false);
  head.scrub(EPOCHS, 80, true);
  assert.deepEqual([head.time, head.following], [8, true]);
});

test('a replay goes on from where it was left', () => {
  const head = shown();
  head.scrub(EPOCHS, 2, true);
  head.speed = 4;
  const again = shown({ left: head.left });
  assert.deepEqual([again.time, again.speed, again.moving], [2, 4, false]);
});

test('keys lead from epoch to epoch', () => {
  const many = Array.from({ length: 40 }, (_, i) => 2 * i);
  const to = (key, time) => keyTarget(key, many, time);
  assert.deepEqual([to('ArrowLeft', 10), to('ArrowDown', 11), to('ArrowLeft', 0)], [8, 10, 0]);
  assert.deepEqual([to('ArrowRight', 10), to('ArrowUp', 11), to('ArrowRight', 78)], [12, 12, 78]);
  assert.deepEqual(
    [to('PageDown', 20), to('PageDown', 3), to('PageUp', 20), to('PageUp', 77)],
    [12, 0, 28, 78],
  );
  assert.deepEqual([to('Home', 20), to('End', 20), to('a', 20)], [0, 78, null]);
  assert.equal(keyTarget('End', [], 0), null);
});
