/**
 * All that a person has here: photos, task, what is looked at. One for the page's life, so that
 * nothing is lost when Streamlit runs the page again or the person comes back from another one.
 */

import { forget, getBlob, getJson } from './api.js';
import { Job, Jobs } from './jobs.js';
import { Looking } from './looking.js';
import { Memory } from './memory.js';
import { Photo } from './photos.js';
import { Uploads } from './uploads.js';

const RENEWALS = 2;
const AHEAD = 6; // photos that wait on the server to be restored: 200 at once would push each other out

class Session extends Looking {
  constructor() {
    super();
    /** @type {Photo[]} */
    this.photos = [];
    /** @type {Photo[]} */
    this.samples = [];
    this.status = { kind: 'connecting', text: '' };
    this.said = ''; // one sentence about what was just tried
    this.goesOn = true; // photos that come in are restored by themselves
    this.listeners = new Set();
    this.memory = new Memory();
    this.uploads = new Uploads({
      onChange: () => this.changed(),
      onReady: (variant) => this.ready(variant),
      onFailed: (variant) => this.refused(variant),
      waits: (variant) => variant !== this.variant && this.jobs.all.length >= AHEAD,
    });
    this.jobs = new Jobs({
      onChange: () => {
        this.uploads.pump();
        this.changed();
      },
      onDrawn: () => this.changed(),
      onEnd: (job, said) => this.ended(job, said),
      seen: (job) => (this.sides.includes(job) ? this.sizeFor(job.task) : null),
      onStatus: (status) => Object.assign(this, { status }).changed(),
    });
  }

  /** Ask the server what there is, once. */
  start(taskName, sampleName) {
    this.started ??= this.begin(taskName, sampleName).catch((error) => {
      this.started = null;
      throw error;
    });
    return this.started;
  }

  async begin(taskName, sampleName) {
    const asked = Promise.all([getJson('tasks'), getJson('samples')]);
    const [tasks, samples] = await asked.catch(() => {
      throw new Error('The photo server did not answer: reload the page.');
    });
    if (!tasks.length)
      throw new Error(
        'There is no restorer of photographs here: put a restore-….safetensors into checkpoints/.',
      );
    this.tasks = tasks;
    this.task = tasks.find(({ name }) => name === taskName) ?? tasks[0];
    this.samples = samples.map((sample) => new Photo({ name: `${sample.name}.png`, sample }));
    this.jobs.work.connect();
    const first = this.samples.find(({ sample }) => sample.name === sampleName) ?? this.samples[0];
    if (first) this.show(first);
    for (const photo of this.samples) photo.makeThumb(() => this.changed());
  }

  /** @param {() => void} listener  called after any change */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  /** Change how it is looked at. */
  set(look) {
    Object.assign(this.look, look);
    if (look.left || look.right) this.hold();
    this.changed();
  }

  say(sentence) {
    this.said = sentence;
    this.changed();
  }

  get all() {
    return [...this.photos, ...this.samples];
  }

  /** Take in files; the first is shown at once. @param {File[]} files */
  add(files) {
    const photos = files.map((file) => new Photo({ name: file.name || 'pasted.png', blob: file }));
    if (!photos.length) return;
    this.photos.push(...photos);
    this.goesOn = true;
    this.show(photos[0]);
    for (const photo of photos) {
      this.uploads.add(this.variantOf(photo));
      photo.makeThumb(() => this.changed());
    }
  }

  remove(photo) {
    for (const variant of photo.variants.values()) this.discard(variant);
    photo.drop();
    const at = this.photos.indexOf(photo);
    this.photos.splice(at, 1);
    if (this.shown === photo)
      this.show(this.photos[Math.min(at, this.photos.length - 1)] ?? this.samples[0] ?? null);
    this.changed();
  }

  discard(variant) {
    for (const job of variant.jobs.values()) this.jobs.stop(job);
    if (variant.info) forget(variant.info.id);
    variant.drop();
  }

  /** Stop all; photos that are still being sent wait to be asked for. */
  stopAll() {
    this.goesOn = false;
    for (const job of this.jobs.all) this.jobs.stop(job);
  }

  /** Look at a photo. */
  show(photo) {
    this.shown = photo;
    this.said = '';
    this.look.painting = false;
    this.attend();
  }

  /** @param {string} name */
  choose(name) {
    const task = this.tasks.find((one) => one.name === name);
    if (!task || task === this.task) return;
    for (const job of this.jobs.all) if (job.task !== name) this.jobs.stop(job);
    this.variant?.restJobs();
    this.task = task;
    Object.assign(this.look, { left: 'before', right: 'ours', painting: false });
    this.attend();
  }

  /** Have what is looked at sent, restored and in memory. */
  attend() {
    const { variant } = this;
    if (variant) {
      if (variant.state === 'ready') this.begun(variant, true);
      else this.uploads.add(variant, true);
      this.hold();
    }
    this.changed();
  }

  /** Have both sides' pictures in memory, and no more of the others than there is room for. */
  hold() {
    const { variant, sides } = this;
    if (!variant) return;
    for (const picture of [variant, ...sides]) picture.load((error) => this.loaded(variant, error));
    this.memory.look(variant, sides);
  }

  /** The server has the photo. */
  ready(variant) {
    if (this.variantOf(variant.photo) !== variant) return; // no longer wanted so
    variant.photo.narrow = variant.info.narrow;
    this.makeThumb(variant);
    if (variant.original)
      variant
        .measure(variant.original)
        .catch(({ message }) => this.say(message))
        .finally(() => this.changed());
    const first = variant === this.variant;
    this.begun(variant, first);
    if (first) this.hold();
  }

  /** Make the small picture of what the server has, where the photo has none. */
  makeThumb({ photo, info }) {
    if (!photo.thumb)
      photo.makeThumb(
        () => this.changed(),
        () => getBlob(`photos/${info.id}/before`),
      );
  }

  /** Have the photo that is looked at spread over the whole range of brightness, or as its file has it. */
  stretch(stretched) {
    const { shown: photo } = this;
    Object.assign(photo, { stretch: stretched, sigma: null }); // another noise, as strong as it is bright
    photo.dropThumb();
    if (this.variant.state === 'ready') this.makeThumb(this.variant);
    this.attend();
  }

  /** One bad file among others does not keep these from being seen. */
  refused({ photo, error }) {
    const next = this.photos.find((other) => this.variantOf(other).state !== 'failed');
    if (photo !== this.shown || !next) return;
    this.show(next);
    this.say(`${photo.name}: ${error}`);
  }

  begun(variant, first) {
    if (first) this.reside();
    const job = variant.job(this.task.name, 'ours');
    if (!job) {
      if (!this.restorable(variant)) this.look.painting ||= first;
      else if (first || this.goesOn) this.run('ours', variant, first);
    } else if (first) {
      this.jobs.hurry(job);
    }
  }

  /** Have a method restore a photo, anew if it has done so before. */
  run(method, variant = this.variant, first = true) {
    const key = `${this.task.name}/${method}`;
    const before = variant.jobs.get(key);
    if (before) this.jobs.stop(before);
    const sigma = this.asksNoise && method === 'ours' ? variant.photo.sigma : null;
    const job = new Job(variant, { task: this.task.name, method, sigma });
    if (before) {
      job.replaces = before.result?.result ?? before.replaces;
      job.layer = before.layer; // what there was, until the new tiles lie over it
      before.layer = null;
      before.rest();
    }
    variant.jobs.set(key, job);
    this.jobs.add(job, first);
  }

  loaded(variant, error) {
    if (error?.kind === 'gone') this.renew(variant);
    else if (error) this.say(error.message);
    else if (variant === this.variant) this.hold(); // what came has its weight, and may have come too late
    this.changed();
  }

  ended(job, said) {
    const { variant } = job;
    if (job.state === 'failed' && said.gone) this.renew(variant);
    else if (variant === this.variant) this.hold();
    if (job.state === 'done' && job.replaces) forget(job.replaces);
    this.changed();
  }

  /** The server has forgotten a photo (it was started anew): it is sent once more. */
  renew(variant) {
    if (variant.state !== 'ready') return; // several of its pictures were asked for
    for (const job of variant.jobs.values()) this.jobs.stop(job);
    variant.rest();
    variant.jobs.clear();
    variant.again += 1;
    if (variant.again > RENEWALS) {
      variant.state = 'failed';
      variant.error = 'This photo is no longer on the server: drop it again.';
    } else {
      Object.assign(variant, { state: 'waiting', info: null, sent: 0 });
      this.uploads.add(variant, variant === this.variant);
    }
    this.changed();
  }
}

export const session = new Session();
