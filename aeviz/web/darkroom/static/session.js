/**
 * The state of this page: photos, task, view. There is one per page load, so that
 * nothing is lost when Streamlit reruns the page or the person returns from another page.
 */

import { getJson } from './api.js';
import { Photo } from './photos.js';
import { Restoring } from './restoring.js';

export class Session extends Restoring {
  constructor() {
    super();
    /** @type {Photo[]} */
    this.photos = [];
    /** @type {Photo[]} */
    this.samples = [];
    /** @type {Promise<void> | null} */
    this.started = null;
  }

  /**
   * Fetch the tasks and the samples, once.
   * @param {string | null} taskName  the initial one
   * @param {string | null} sampleName
   */
  start(taskName, sampleName) {
    this.started ??= this.begin(taskName, sampleName).catch((error) => {
      this.started = null;
      throw error;
    });
    return this.started;
  }

  /** @param {string | null} taskName @param {string | null} sampleName */
  async begin(taskName, sampleName) {
    /** @type {Promise<[import('./looking.js').Task[], import('./photos.js').Sample[]]>} */
    const lists = Promise.all([getJson('tasks'), getJson('samples')]);
    const [tasks, samples] = await lists.catch(() => {
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
    const first = this.samples.find(({ sample }) => sample?.name === sampleName) ?? this.samples[0];
    if (first) this.show(first);
    for (const photo of this.samples) photo.makeThumb(() => this.changed());
  }

  get all() {
    return [...this.photos, ...this.samples];
  }

  /** Change the view. @param {Partial<import('./looking.js').Look>} look */
  set(look) {
    Object.assign(this.look, look);
    if (look.left || look.right) this.hold();
    this.changed();
  }

  /** Add files; the first one is shown at once. @param {File[]} files */
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

  /** @param {Photo} photo  of the person's own */
  remove(photo) {
    for (const variant of photo.variants.values()) this.discard(variant);
    photo.drop();
    const at = this.photos.indexOf(photo);
    this.photos.splice(at, 1);
    if (this.shown === photo)
      this.show(this.photos[Math.min(at, this.photos.length - 1)] ?? this.samples[0] ?? null);
    this.changed();
  }

  /** Show a photo. @param {Photo | null} photo */
  show(photo) {
    this.shown = photo;
    this.message = '';
    this.look.painting = false;
    this.attend();
  }

  /** If a file is invalid, show the others. @param {import('./photos.js').Variant} variant */
  refused({ photo, error }) {
    const next = this.photos.find((other) => this.variantOf(other).state !== 'failed');
    if (photo !== this.shown || !next) return;
    this.show(next);
    this.say(`${photo.name}: ${error}`);
  }

  /** Choose another task. @param {string} name */
  choose(name) {
    const task = this.tasks.find((one) => one.name === name);
    if (!task || task === this.task) return;
    for (const job of this.jobs.all) if (job.task !== name) this.jobs.stop(job);
    this.variant?.restJobs();
    this.task = task;
    Object.assign(this.look, { left: 'before', right: 'ours', painting: false });
    this.attend();
  }

  /** Stretch the current photo to the full range of brightness, or show it as in its file. @param {boolean} stretched */
  stretch(stretched) {
    const { shown: photo } = this;
    if (!photo) return;
    Object.assign(photo, { stretch: stretched, sigma: null }); // the noise is stretched, too
    photo.dropThumb();
    const { variant } = this;
    if (variant?.state === 'ready') this.makeThumb(variant);
    this.attend();
  }

  /** Stop everything; photos that are still being uploaded are not restored automatically. */
  stopAll() {
    this.goesOn = false;
    for (const job of this.jobs.all) this.jobs.stop(job);
  }
}

export const session = new Session();
