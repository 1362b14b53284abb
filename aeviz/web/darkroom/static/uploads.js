/** Uploads of photos: two at a time, the current photo first. */

import { asProblem, forget, Problem, upload } from './api.js';

const AT_ONCE = 2;
const MOST_MIB = 320; // the server's limit, which it can only report at the end of an upload
const RETRY_MS = [500, 1000, 2000, 4000];

/** @typedef {import('./photos.js').Variant} Variant */

export class Uploads {
  /**
   * @param {{onChange: () => void, onReady: (variant: Variant) => void,
   *   onFailed: (variant: Variant) => void, waits: (variant: Variant) => boolean}} listener
   *   `waits` returns whether the upload of a photo should wait; call `pump` when that changes
   */
  constructor(listener) {
    this.listener = listener;
    /** @type {Variant[]} */
    this.waiting = [];
    this.sending = 0;
    this.failures = 0;
  }

  /** @param {Variant} variant @param {boolean} [first]  before all others */
  add(variant, first = false) {
    if (variant.state !== 'waiting') return;
    const at = this.waiting.indexOf(variant);
    if (at >= 0 && !first) return;
    if (at >= 0) this.waiting.splice(at, 1);
    if (first) this.waiting.unshift(variant);
    else this.waiting.push(variant);
    this.pump();
  }

  pump() {
    while (this.sending < AT_ONCE) {
      const at = this.waiting.findIndex((variant) => !this.listener.waits(variant));
      if (at < 0) return;
      const [variant] = this.waiting.splice(at, 1);
      this.send(variant);
    }
  }

  /** @param {Variant} variant */
  async send(variant) {
    const { signal } = variant.gone;
    if (signal.aborted) return;
    this.sending += 1;
    variant.state = 'sending';
    this.listener.onChange();
    try {
      const { photo, added, stretch } = variant;
      const query = {
        name: photo.name,
        damage: added?.name,
        amount: added?.amount,
        seed: added?.seed,
        stretch: stretch ? 1 : null,
      };
      const info = await upload(
        await readable(await photo.file()),
        query,
        (share) => {
          variant.sent = share;
          this.listener.onChange();
        },
        signal,
      );
      this.failures = 0;
      if (signal.aborted) forget(info.id);
      else this.arrived(variant, info);
    } catch (error) {
      this.failed(variant, asProblem(error));
    } finally {
      this.sending -= 1;
      this.listener.onChange();
      this.pump();
    }
  }

  /** @param {Variant} variant @param {import('./photos.js').Info} info */
  arrived(variant, info) {
    variant.info = info;
    variant.state = 'ready';
    this.listener.onReady(variant);
  }

  /** @param {Variant} variant @param {Problem} error */
  failed(variant, error) {
    variant.sent = 0;
    if (variant.gone.signal.aborted) return;
    if (error.kind !== 'away') {
      variant.state = 'failed';
      variant.error = error.message;
      this.listener.onFailed(variant);
      return;
    }
    variant.state = 'waiting';
    this.waiting.unshift(variant);
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.sending += 1; // it counts as an upload until then
    setTimeout(() => {
      this.sending -= 1;
      this.pump();
    }, wait);
  }
}

/** Check the file before the upload: a failed read would look like an unreachable server. @param {Blob} file */
async function readable(file) {
  if (file.size > MOST_MIB << 20) {
    throw new Problem(`This file is larger than ${MOST_MIB} MiB; make the image smaller.`);
  }
  await file
    .slice(0, 1)
    .arrayBuffer()
    .catch(() => {
      throw new Problem('This cannot be read: it is a folder, or has changed since it was chosen.');
    });
  return file;
}
