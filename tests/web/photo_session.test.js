import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Session } from '../../aeviz/web/darkroom/static/session.js';
import { PhotoServer, settled } from './photo_server.js';

const SAMPLES = [
  { name: 'lake', title: 'A lake', width: 4, height: 4, credit: '' },
  { name: 'wood', title: 'A wood', width: 4, height: 4, credit: '' },
];

/** A session that has begun, with its socket open. */
async function begun({ task = null, sample = null, samples = [], open = true } = {}) {
  const server = new PhotoServer({ samples });
  server.install();
  const session = new Session();
  await session.start(task, sample);
  await settled();
  if (open) await server.socket.open();
  return { server, session };
}

const file = (name) => new File(['pixels'], name);
const files = (count) => Array.from({ length: count }, (_, i) => file(`${i + 1}.png`));
const uploads = ({ requests }) => requests.filter((one) => one.startsWith('POST'));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** A session with `count` photos that the server has. */
async function withPhotos(count, options = {}) {
  const { server, session } = await begun(options);
  session.add(files(count));
  await settled();
  for (let i = 0; i < count; i += 1) await server.take();
  return { server, session };
}

test('it begins with the task and the sample of the address, damaged as the task wants', async () => {
  const { server, session } = await begun({ task: 'denoise', sample: 'wood', samples: SAMPLES });
  assert.equal(server.socket.url, 'ws://host/app/aeviz/darkroom/work');
  assert.equal(session.shown.title, 'A wood');
  assert.deepEqual(uploads(server), ['POST photos?name=wood.png&damage=noise&amount=25&seed=43']);
  await server.take();
  assert.deepEqual(server.orders, [
    { do: 'restore', job: 1, photo: 'photo1', task: 'denoise', sigma: null, method: 'ours', first: true },
  ]);
});

test('a start without a server fails with a sentence, and may be tried again', async () => {
  const server = new PhotoServer();
  server.install();
  server.away = true;
  const session = new Session();
  await assert.rejects(session.start(null, null), /did not answer/);
  server.away = false;
  await session.start(null, null);
  assert.equal(session.task.name, 'denoise');
  server.lists.tasks = [];
  await assert.rejects(new Session().start(null, null), /no restorer/);
});

test('photos are sent two at a time, the one that is looked at first', async () => {
  const { server, session } = await begun();
  session.add(files(4));
  await settled();
  assert.deepEqual(uploads(server), ['POST photos?name=1.png', 'POST photos?name=2.png']);
  session.show(session.photos[3]);
  await server.take();
  assert.deepEqual(uploads(server).slice(2), ['POST photos?name=4.png', 'POST photos?name=3.png']);
});

test('two jobs are on the server at a time, and what is looked at passes the others', async () => {
  const { server, session } = await withPhotos(4);
  const asked = () => server.orders.map(({ photo, first = false }) => [photo, first]);
  assert.deepEqual(asked(), [
    ['photo1', true],
    ['photo2', false],
  ]);
  session.show(session.photos[3]);
  assert.deepEqual(asked().slice(2), [['photo4', true]]);
  await server.socket.finish(1);
  assert.equal(asked().length, 3);
  await server.socket.finish(2);
  assert.deepEqual(asked().slice(3), [['photo3', false]]);
});

test('a job goes through its states', async () => {
  const { server, session } = await withPhotos(1);
  const job = session.job();
  assert.deepEqual([job.state, job.live, job.share], ['waiting', true, 0]);
  await server.socket.say({ job: 1, state: 'waiting', ahead: 3 });
  assert.equal(job.ahead, 3);
  await server.socket.say({ job: 1, state: 'working', done: 1, total: 4, seconds_left: 6 });
  assert.deepEqual([job.state, job.share, job.secondsLeft], ['working', 0.25, 6]);
  await server.socket.finish(1);
  assert.deepEqual([job.state, job.live, job.result.result], ['done', false, 'result1']);
  await settled();
  assert.ok(server.requests.includes('GET results/result1/view')); // no tiles came
  assert.ok(job.whole);
});

test('a failed job says why', async () => {
  const { server, session } = await withPhotos(1);
  await server.socket.say({ job: 1, state: 'failed', error: 'It is too large.', gone: false });
  assert.deepEqual([session.job().state, session.job().error], ['failed', 'It is too large.']);
  assert.equal(uploads(server).length, 1);
});

test('after a break, what ran is asked for again, before what waited', async () => {
  const { server, session } = await withPhotos(3);
  await server.socket.say({ job: 1, state: 'working', done: 2, total: 4, seconds_left: 1 });
  await server.socket.break();
  const [first] = session.photos;
  const job = session.variantOf(first).job('denoise', 'ours');
  assert.deepEqual([job.state, job.done, session.jobs.all.length], ['waiting', 0, 3]);
  await wait(300);
  assert.equal(server.sockets.length, 2);
  await server.socket.open();
  assert.deepEqual(
    server.socket.sent.map(({ job: n, photo }) => [n, photo]),
    [
      [3, 'photo1'],
      [4, 'photo2'],
    ],
  );
  await server.socket.finish(1, 'old'); // a number of the old connection
  assert.equal(job.result, null);
  await server.socket.finish(3);
  assert.equal(job.result.result, 'result3');
  assert.equal(uploads(server).length, 3); // the photos are still there
});

test('orders wait while there is no socket', async () => {
  const { server, session } = await withPhotos(2, { open: false });
  assert.deepEqual(server.orders, []);
  assert.equal(session.jobs.all.length, 2);
  await server.socket.open();
  assert.deepEqual(
    server.orders.map(({ photo }) => photo),
    ['photo1', 'photo2'],
  );
});

test('a job is stopped on the server, and what still comes of it is left out', async () => {
  const { server, session } = await withPhotos(3);
  const job = session.job();
  session.jobs.stop(job);
  assert.deepEqual(server.orders.at(-2), { do: 'stop', job: 1 });
  assert.deepEqual([server.orders.at(-1).photo, job.state], ['photo3', 'stopped']);
  await server.socket.say({ job: 1, state: 'working', done: 1, total: 2, seconds_left: 1 });
  await server.socket.finish(1);
  assert.deepEqual([job.state, job.result], ['stopped', null]);
  session.jobs.stop(job);
  assert.equal(server.orders.filter((order) => order.do === 'stop').length, 1);
});

test('stop all: what waits is not sent, and photos that come later are not restored', async () => {
  const { server, session } = await begun();
  session.add(files(5));
  await settled();
  await server.take();
  await server.take();
  session.stopAll();
  await server.take();
  assert.deepEqual(
    server.orders.map((order) => [order.do, order.job]),
    [
      ['restore', 1],
      ['restore', 2],
      ['stop', 1],
      ['stop', 2],
    ],
  );
  assert.equal(session.jobs.all.length, 0);
  assert.equal(session.variantOf(session.photos[4]).state, 'ready');
  session.add([file('late.png')]); // somebody wants more
  await settled();
  await server.take();
  assert.equal(server.orders.at(-1).photo, 'photo6');
});

test('another task stops the jobs of the one before, and restores the same photo', async () => {
  const { server, session } = await withPhotos(1);
  session.set({ left: 'median' });
  session.choose('x2');
  assert.deepEqual(
    server.orders.slice(1).map(({ do: what, job, task }) => [what, job, task]),
    [
      ['stop', 1, undefined],
      ['restore', 2, 'x2'],
    ],
  );
  assert.deepEqual([session.look.left, session.look.right], ['before', 'ours']);
  assert.deepEqual(session.sizeFor(session.variant.known), { width: 8, height: 8 });
  session.choose('nonsense');
  assert.equal(session.task.name, 'x2');
});

test('what fills holes waits for a mask', async () => {
  const { server, session } = await withPhotos(1, { task: 'inpaint' });
  assert.deepEqual(server.orders, []);
  assert.ok(session.look.painting);
  session.variant.info.mask = true;
  session.attend();
  assert.equal(server.orders[0].task, 'inpaint');
});

test('a result that is made anew replaces the one before, which goes from the server', async () => {
  const { server, session } = await withPhotos(1);
  await server.socket.finish(1, 'first');
  session.shown.sigma = 30;
  session.run('ours');
  assert.equal(server.orders.at(-1).sigma, 30);
  assert.ok(!server.requests.includes('DELETE photos/first'));
  await server.socket.finish(2, 'second');
  assert.ok(server.requests.includes('DELETE photos/first'));
  assert.equal(session.job().result.result, 'second');
});

test('a photo that is removed goes from the server, and its job with it', async () => {
  const { server, session } = await withPhotos(2);
  session.remove(session.photos[0]);
  assert.deepEqual(
    server.orders.filter((order) => order.do === 'stop'),
    [{ do: 'stop', job: 1 }],
  );
  assert.ok(server.requests.includes('DELETE photos/photo1'));
  assert.equal(session.shown, session.photos[0]);
});

test('a photo that is removed on its way is let go when it has arrived', async () => {
  const { server, session } = await begun();
  session.add(files(1));
  await settled();
  session.remove(session.photos[0]);
  await settled();
  assert.equal(session.shown, null);
  assert.deepEqual(server.orders, []);
});

test('a photo that the server has forgotten is sent again, but not for ever', async () => {
  const { server, session } = await withPhotos(1);
  for (let job = 1; job <= 2; job += 1) {
    await server.socket.say({ job, state: 'failed', error: 'Gone.', gone: true });
    assert.equal(session.variant.state, 'sending');
    await server.take();
    assert.deepEqual([server.orders.at(-1).job, server.orders.at(-1).photo], [job + 1, `photo${job + 1}`]);
  }
  await server.socket.say({ job: 3, state: 'failed', error: 'Gone.', gone: true });
  assert.equal(session.variant.state, 'failed');
  assert.match(session.variant.error, /drop it again/);
  assert.equal(uploads(server).length, 3);
});

test('a file that the server refuses does not keep the others from being seen', async () => {
  const { server, session } = await begun();
  session.add(files(2));
  await settled();
  const [bad] = server.uploads.splice(0, 1);
  bad.answer(400, { error: 'This is no picture.' });
  await settled();
  assert.equal(session.shown, session.photos[1]);
  assert.equal(session.message, '1.png: This is no picture.');
});
