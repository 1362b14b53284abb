import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { LiveClient } from '../../aeviz/web/static/socket.js';
import { FakeSocket, stubFrames } from './browser.js';

globalThis.WebSocket = { CONNECTING: 0, OPEN: 1 };
const [DECODE, ENCODE] = [0, 1];
const LATENT = 2;
let frames;
let statuses;
let drawn;

beforeEach(() => {
  mock.timers.reset();
  FakeSocket.all.length = 0;
  frames = stubFrames();
  [statuses, drawn] = [[], []];
});

function connected(options = {}) {
  const client = new LiveClient('ws://server', {
    latentDim: LATENT,
    onFrame: (pixels) => drawn.push([...pixels]),
    onStatus: ({ kind }) => statuses.push(kind),
    dial: () => new FakeSocket(),
    ...options,
  });
  const [socket] = FakeSocket.all;
  socket.open();
  return { client, socket };
}

/** A slow network: several requests may be under way. */
function slow({ roundTrip }) {
  for (let i = 0; i < 100; i += 1) roundTrip.note(200);
  roundTrip.note = () => {};
}

/** Move, and let a frame pass. */
function drag(client, ...code) {
  client.move(code);
  frames.next();
}

test('a move goes out at once, and only the newest of a frame after it', () => {
  const { client, socket } = connected();
  slow(client);
  client.move([1, 1]);
  for (const x of [2, 3, 4]) client.move([x, x]);
  assert.deepEqual(socket.sent, [{ id: 1, op: DECODE, values: [1, 1] }]);
  frames.next();
  assert.deepEqual(socket.sent.slice(1), [{ id: 2, op: DECODE, values: [4, 4] }]);
});

test('with as many requests under way as the round trip needs, a drag waits', () => {
  const { client, socket } = connected();
  for (let x = 0; x < 5; x += 1) drag(client, x, x);
  assert.equal(socket.sent.length, 1); // a round trip of less than a frame needs one
  slow(client);
  for (let x = 5; x < 15; x += 1) drag(client, x, x);
  assert.equal(socket.sent.length, 4); // and never more than four
  socket.reply(socket.sent[0]);
  assert.deepEqual(socket.sent[4].values, [14, 14]); // a reply makes room for the newest
});

test('an older reply is not drawn over a newer one', () => {
  const { client, socket } = connected();
  slow(client);
  drag(client, 1, 1);
  drag(client, 2, 2);
  const [first, second] = socket.sent;
  socket.reply(second, [2]);
  socket.reply(first, [1]);
  assert.deepEqual(drawn, [[2]]);
});

test('each drawn frame leaves a measure from its input event on', () => {
  performance.clearMeasures('aeviz.decode');
  const { client, socket } = connected();
  client.move([1, 1], 5);
  socket.reply(socket.sent[0]);
  const [measure] = performance.getEntriesByName('aeviz.decode');
  assert.equal(measure.startTime, 5);
  assert.ok(measure.duration > 0);
});

test('questions leave one place free for the drag', async () => {
  const { client, socket } = connected();
  const answers = [1, 2, 3, 4].map((x) => client.decode(Float32Array.of(x, x)));
  assert.equal(socket.sent.length, 3);
  slow(client);
  drag(client, 9, 9);
  assert.deepEqual(socket.sent[3].values, [9, 9]);
  socket.reply(socket.sent[0], [42]);
  assert.deepEqual([...(await answers[0])], [42]);
  socket.reply(socket.sent[1]);
  assert.deepEqual(socket.sent.at(-1).values, [4, 4]);
});

test('large requests are counted apart from small ones', () => {
  const { client, socket } = connected();
  const large = () => client.decode(new Float32Array(17 * LATENT));
  for (let i = 0; i < 4; i += 1) large();
  assert.equal(socket.sent.length, 3);
  client.decode(Float32Array.of(1, 1));
  drag(client, 2, 2);
  assert.equal(socket.sent.length, 4); // the small question; with it a drag of one is full
});

test('an encoded image comes back as code and pixels', async () => {
  const { client, socket } = connected();
  const answer = client.encode(Float32Array.of(0, 1, 1));
  assert.deepEqual(socket.sent[0], { id: 1, op: ENCODE, values: [0, 1, 1] });
  socket.reply(socket.sent[0], [...new Uint8Array(Float32Array.of(1.5, -2).buffer), 8, 9]);
  const { code, pixels } = await answer;
  assert.deepEqual(
    [[...code], [...pixels]],
    [
      [1.5, -2],
      [8, 9],
    ],
  );
});

test('a lost connection is made anew: questions and the last code are asked again', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { client, socket } = connected();
  drag(client, 1, 1);
  socket.reply(socket.sent[0]);
  client.decode(Float32Array.of(5, 5));
  socket.end();
  assert.equal(statuses.at(-1), 'lost');
  mock.timers.tick(250);
  const [, second] = FakeSocket.all;
  second.open();
  second.reply(second.sent[0]);
  assert.deepEqual(
    second.sent.map(({ values }) => values),
    [
      [5, 5],
      [1, 1],
    ],
  );
  mock.timers.reset();
});

test('a refused connection is not tried again, and says why', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let said = '';
  const { socket } = connected({ onStatus: ({ kind, text }) => kind === 'refused' && (said = text) });
  socket.end(4400, 'There is no such model.');
  mock.timers.tick(10_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(said, 'There is no such model.');
  mock.timers.reset();
});

test('a closed client sends nothing and comes back no more', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { client, socket } = connected();
  client.close();
  socket.end();
  client.move([1, 1]);
  mock.timers.tick(10_000);
  assert.deepEqual([socket.sent.length, FakeSocket.all.length], [0, 1]);
  mock.timers.reset();
});

test('what keeps WebSockets away is said after the second failure', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const client = new LiveClient('ws://server', {
    latentDim: LATENT,
    onStatus: ({ kind }) => statuses.push(kind),
    why: async () => 'A proxy.',
    dial: () => new FakeSocket(),
  });
  FakeSocket.all[0].end();
  mock.timers.tick(250);
  FakeSocket.all[1].end();
  await new Promise(setImmediate);
  assert.deepEqual(statuses, ['connecting', 'blocked']);
  client.close();
  mock.timers.reset();
});
