/** Keep the current photo uploaded, restored and in memory, even if the server or the connection fails. */

import { forget, getBlob } from './api.js';
import { Job, Jobs } from './jobs.js';
import { Looking } from './looking.js';
import { Memory } from './memory.js';
import { Uploads } from './uploads.js';

const RENEWALS = 2;
const AHEAD = 6; // photos that may wait on the server: with 200 at once, later ones would evict earlier ones

/**
 * @typedef {import('./photos.js').Variant} Variant
 * @typedef {import('./api.js').Problem} Problem
 */

export class Restoring extends Looking {
  constructor() {
    super();
    /** @type {import('./work.js').Status} */
    this.status = { kind: 'connecting', text: '' };
    this.goesOn = true; // restore new photos automatically
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
      onEnd: (job, message) => this.ended(job, message),
      seen: (job) => (this.sides.includes(job) ? this.sizeFor(job.variant.known, job.task) : null),
      onStatus: (status) => {
        this.status = status;
        this.changed();
      },
    });
  }

  /** Upload the current photo, restore it and load its pictures. */
  attend() {
    const { variant } = this;
    if (variant) {
      if (variant.state === 'ready') this.begun(variant, true);
      else this.uploads.add(variant, true);
      this.hold();
    }
    this.changed();
  }

  /** Load both sides' pictures, and keep only as many others as fit into memory. */
  hold() {
    const { variant, sides } = this;
    if (!variant) return;
    for (const picture of [variant, ...sides]) picture.load((error) => this.loaded(variant, error));
    this.memory.look(variant, sides);
  }

  /** The server has the photo. @param {Variant} variant */
  ready(variant) {
    if (this.variantOf(variant.photo) !== variant) return; // its settings have changed
    variant.photo.narrow = variant.known.narrow;
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

  /** Make the thumbnail from the server's view if the photo has none. @param {Variant} variant */
  makeThumb({ photo, known: { id } }) {
    if (!photo.thumb)
      photo.makeThumb(
        () => this.changed(),
        () => getBlob(`photos/${id}/before`),
      );
  }

  /** A photo could not be uploaded; its `error` says why. @param {Variant} _variant */
  refused(_variant) {}

  /** The photo can be restored now. @param {Variant} variant @param {boolean} first */
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

  /**
   * Restore a photo with a method, again if it was restored before.
   * @param {string} method
   * @param {Variant | null} variant
   * @param {boolean} first
   */
  run(method, variant = this.variant, first = true) {
    if (!variant) return;
    const key = `${this.task.name}/${method}`;
    const before = variant.jobs.get(key);
    if (before) this.jobs.stop(before);
    const sigma = this.asksNoise && method === 'ours' ? variant.photo.sigma : null;
    const job = new Job(variant, { task: this.task.name, method, sigma });
    if (before) {
      job.replaces = before.result?.result ?? before.replaces;
      job.layer = before.layer; // the old picture, until the new tiles cover it
      before.layer = null;
      before.rest();
    }
    variant.jobs.set(key, job);
    this.jobs.add(job, first);
  }

  /** @param {Variant} variant @param {Problem | null} error */
  loaded(variant, error) {
    if (error?.kind === 'gone') this.renew(variant);
    else if (error) this.say(error.message);
    else if (variant === this.variant) this.hold(); // a new picture needs memory, and may no longer be needed
    this.changed();
  }

  /** @param {Job} job @param {import('./work.js').Message} message */
  ended(job, message) {
    const { variant } = job;
    if (message.state === 'failed' && message.gone) this.renew(variant);
    else if (variant === this.variant) this.hold();
    if (job.state === 'done' && job.replaces) forget(job.replaces);
    this.changed();
  }

  /** Drop it, here and on the server. @param {Variant} variant */
  discard(variant) {
    for (const job of variant.jobs.values()) this.jobs.stop(job);
    if (variant.info) forget(variant.info.id);
    variant.drop();
  }

  /** The server no longer has a photo, for example after a restart: upload it again. @param {Variant} variant */
  renew(variant) {
    if (variant.state !== 'ready') return; // several of its pictures were requested
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
