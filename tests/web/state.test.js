import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import {
  createState,
  mirrorAddress,
  readAddress,
  readCode,
  writeCode,
} from '../../aeviz/web/static/state.js';
import { random, stubAddress } from './browser.js';

const VIEW = {
  model: 'vae',
  projection: 'pca',
  mode: 'drag',
  params: {},
  z: Float32Array.of(0, 0),
  preview: null,
  point: 3,
};

test('a short code is written as decimals of four digits', () => {
  assert.equal(writeCode(Float32Array.of(0.5, -1.23456, 0)), '0.5,-1.235,0');
  assert.deepEqual(readCode('0.5,-1.235,0', 3), Float32Array.of(0.5, -1.235, 0));
});

test('a long code is packed, and read back to three digits', () => {
  const z = random(100).map((value) => 8 * value);
  const text = writeCode(z);
  assert.match(text, /^~[\w-]+$/); // needs no escapes in an address
  const back = readCode(text, 100);
  for (const [i, value] of z.entries()) assert.ok(Math.abs(back[i] - value) <= Math.abs(value) / 256);
  assert.deepEqual(readCode(writeCode(back), 100), back);
});

test('what is no code of the model is none', () => {
  for (const text of [null, '', '1', '1,2,3', '1,x', '1,Infinity', '1,1e39', '~', '~!', '~AAAA']) {
    assert.equal(readCode(text, 2), null, String(text));
  }
});

test('a locked number stays, and the code is then of no gallery image', () => {
  const state = createState(VIEW);
  state.guard = (z) => Float32Array.of(z[0], 7);
  state.go(Float32Array.of(1, 2), 5);
  assert.deepEqual([[...state.view.z], state.view.point], [[1, 7], null]);
  state.guard = (z) => z;
  state.go(Float32Array.of(1, 2), 5);
  assert.deepEqual([[...state.view.z], state.view.point], [[1, 2], 5]);
});

test('the code on the screen is the one under the pointer while there is one', () => {
  const state = createState(VIEW);
  state.look(Float32Array.of(4, 4));
  assert.deepEqual([...state.shown], [4, 4]);
  assert.deepEqual([...state.view.z], [0, 0]);
  state.go(Float32Array.of(1, 1));
  assert.equal(state.view.preview, null);
});

test('listeners have the view, what has changed, and when; until they stop', () => {
  const state = createState(VIEW);
  const heard = [];
  const stop = state.subscribe((view, patch, time) => heard.push([view.mode, Object.keys(patch), time]));
  state.set({ mode: 'sample' }, 12);
  stop();
  state.set({ mode: 'draw' });
  assert.deepEqual(heard, [['sample', ['mode'], 12]]);
});

test('a mode remembers texts, and forgets by null', () => {
  const state = createState(VIEW);
  state.remember({ n: 5, show: 'image' });
  state.remember({ show: null, seed: 0, empty: '' });
  assert.deepEqual(state.view.params, { n: '5', seed: '0' });
});

test('an address is read: code, mode, and the rest as the mode’s own', () => {
  stubAddress('http://server/explore?model=vae&mode=traverse&z=1,2&rows=all&embed=true&projection=tsne');
  assert.deepEqual(readAddress('vae', 2), {
    projection: 'tsne',
    mode: 'traverse',
    z: Float32Array.of(1, 2),
    params: { rows: 'all' },
  });
});

test('another model’s code and settings are left out', () => {
  stubAddress('http://server/explore?model=other&mode=traverse&z=1,2&rows=all');
  assert.deepEqual(readAddress('vae', 2), { projection: null, mode: 'traverse', z: null, params: {} });
});

test('the address follows the state after a pause, and reads back the same', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const location = stubAddress('http://server/explore?model=vae&embed=true');
  const state = createState(VIEW);
  const address = mirrorAddress(state);
  state.look(Float32Array.of(9, 9)); // the pointer alone leaves it as it is
  mock.timers.tick(1000);
  assert.equal(location.search, '?model=vae&embed=true');
  state.go(Float32Array.of(1.5, -2));
  state.remember({ n: 4 });
  mock.timers.tick(200);
  assert.equal(location.search, '?model=vae&embed=true');
  mock.timers.tick(100);
  assert.equal(location.search, '?embed=true&model=vae&projection=pca&mode=drag&n=4&z=1.5,-2');
  const { z, params, mode } = readAddress('vae', 2);
  assert.deepEqual([[...z], params, mode], [[1.5, -2], { n: '4' }, 'drag']);
  state.remember({ n: null });
  address.write();
  assert.equal(location.search, '?embed=true&model=vae&projection=pca&mode=drag&z=1.5,-2');
  state.go(Float32Array.of(0, 0));
  address.stop();
  mock.timers.tick(1000);
  assert.match(location.search, /z=1.5,-2$/);
  mock.timers.reset();
});
