/** Have what is looked at sent, restored and in memory, whatever becomes of server and connection. */

import { forget, getBlob } from './api.js';
import { Job, Jobs } from './jobs.js';
import { Looking } from './looking.js';
import { Memory } from './memory.js';
import { Uploads } from './uploads.js';

const RENEWALS = 2;
const AHEAD = 6; // photos that wait on the server to be restored: 200 at once would push each other out

/**
 * @typedef {import('./photos.js').Variant} Variant
 * @typedef {import('./api.js').Problem} Problem
 */

export class Restoring extends Looking {
  constructor() {
    super();
    /** @type {import('./work.js').Status} */
    this.status = { kind: 'connecting', text: '' };
    this.goesOn = true; // photos that come in are restored by themselves
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

  /** The server has the photo. @param {Variant} variant */
  ready(variant) {
    if (this.variantOf(variant.photo) !== variant) return; // no longer wanted so
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

  /** Make the small picture of what the server has, where the photo has none. @param {Variant} variant */
  makeThumb({ photo, known: { id } }) {
    if (!photo.thumb)
      photo.makeThumb(
        () => this.changed(),
        () => getBlob(`photos/${id}/before`),
      );
  }

  /** A photo could not be sent; its `error` says why. @param {Variant} _variant */
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
   * Have a method restore a photo, anew if it has done so before.
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
      job.layer = before.layer; // what there was, until the new tiles lie over it
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
    else if (variant === this.variant) this.hold(); // what came has its weight, and may have come too late
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

  /** Let it go, here and on the server. @param {Variant} variant */
  discard(variant) {
    for (const job of variant.jobs.values()) this.jobs.stop(job);
    if (variant.info) forget(variant.info.id);
    variant.drop();
  }

  /** The server has forgotten a photo (it was started anew): it is sent once more. @param {Variant} variant */
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
