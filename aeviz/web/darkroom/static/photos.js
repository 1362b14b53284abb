/**
 * Photos, and their variants on the server.
 *
 * A photo comes from a person. With added damage it is another photo for the server, so it may have
 * been uploaded several times: each upload is a variant. A job restores a variant; a job that is done
 * has the result.
 */

import { context2d } from '../../static/dom.js';
import { asProblem, getBlob, putBlob } from './api.js';
import { Layer } from './layer.js';

const THUMB_HEIGHT = 112;
let made = 0;
let thumbs = Promise.resolve();

/**
 * @typedef {import('./api.js').Problem} Problem
 * @typedef {{name: string, title: string, width: number, height: number, credit: string}} Sample
 * @typedef {{id: string, name: string, width: number, height: number, channels: 1 | 3, depth: 8 | 16,
 *   alpha: boolean, notes: string[], range: number, narrow: boolean, sigma: number,
 *   reference: boolean, mask: boolean, before?: Score}} Info
 *   a photo as the server describes it (docs/photo-protocol.md)
 * @typedef {{psnr: number, ssim: number}} Score
 * @typedef {{before: Score, results: Record<string, Score>}} Measured  against a clean picture; results by id
 * @typedef {{name: string, amount: number | null, seed: number}} Added  damage; null: of its only amount
 */

export class Photo {
  /**
   * @param {{name: string, blob?: Blob | null, sample?: Sample | null}} about  one of the two
   */
  constructor({ name, blob = null, sample = null }) {
    made += 1;
    this.key = made;
    this.name = name;
    /** Kept so that it can be uploaded again; a file on the disk needs no memory. */
    this.blob = blob;
    this.sample = sample;
    /** Whether damage is added to it: samples are clean, and there would be nothing to restore. */
    this.adds = Boolean(sample);
    /** Whether it uses a small part of its range, as reported by the server: then it may be stretched. */
    this.narrow = false;
    this.stretch = false;
    this.seed = 43; // a watermark across the whole picture, which is removed well from every sample
    /** The noise level set by the person; null: as estimated. @type {number | null} */
    this.sigma = null;
    /** @type {import('./mask.js').Mask | null} */
    this.mask = null;
    /** @type {Map<string, Variant>} */
    this.variants = new Map();
    /** The address of its small picture. @type {string | null} */
    this.thumb = null;
    this.dropped = false;
  }

  get title() {
    return this.sample?.title ?? this.name;
  }

  /** The file itself; that of a sample is fetched when needed. */
  async file() {
    if (this.blob) return this.blob;
    const blob = await getBlob(`samples/${encodeURIComponent(this.sample?.name ?? '')}`);
    this.blob = blob;
    return blob;
  }

  /** Make the thumbnail for the strip, one photo after the other. @param {() => void} onMade */
  makeThumb(onMade, source = () => this.file()) {
    thumbs = thumbs
      .then(async () => {
        if (this.thumb || this.dropped) return;
        const bitmap = await createImageBitmap(await source(), {
          resizeHeight: THUMB_HEIGHT,
          resizeQuality: 'medium',
        });
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        context2d(canvas).drawImage(bitmap, 0, 0);
        bitmap.close();
        const small = await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 });
        if (this.dropped) return;
        this.thumb = URL.createObjectURL(small);
        onMade();
      })
      .catch(() => {}); // such as a TIFF, which the browser cannot read; the server's view of it is used later
    return thumbs;
  }

  /** Drop the thumbnail; a new one shows the photo as it is now. */
  dropThumb() {
    if (this.thumb) URL.revokeObjectURL(this.thumb);
    this.thumb = null;
  }

  drop() {
    this.dropped = true;
    for (const variant of this.variants.values()) variant.drop();
    this.dropThumb();
  }
}

/** A photo on the server: unchanged, with added damage, or stretched. */
export class Variant {
  /** @param {Photo} photo @param {Added | null} added */
  constructor(photo, added) {
    this.photo = photo;
    this.added = added;
    this.stretch = photo.stretch;
    /** @type {'waiting' | 'sending' | 'ready' | 'failed'} */
    this.state = 'waiting';
    this.sent = 0;
    this.error = '';
    /** @type {Info | null} */
    this.info = null;
    /** @type {Map<string, import('./jobs.js').Job>} the newest job of each task and method */
    this.jobs = new Map();
    /** @type {Layer | null} */
    this.before = null;
    this.loading = false;
    this.rests = 0;
    /** The clean reference, if the person has chosen one. @type {Blob | null} */
    this.original = null;
    this.measuring = false;
    this.again = 0; // how often the server has removed it
    this.gone = new AbortController();
  }

  /** The server's description, once it is uploaded. @returns {Info} */
  get known() {
    if (!this.info) throw new Error('The server does not have this photo yet.');
    return this.info;
  }

  /** @param {string} task @param {string} method */
  job(task, method) {
    return this.jobs.get(`${task}/${method}`);
  }

  /** Load the picture before restoring. @param {(problem: Problem | null) => void} onLoaded */
  async load(onLoaded) {
    if (this.before || this.loading || this.state !== 'ready') return;
    this.loading = true;
    const { rests } = this;
    /** @type {Problem | null} */
    let problem = null;
    try {
      const layer = await Layer.from(await getBlob(`photos/${this.known.id}/before`));
      if (rests === this.rests) this.before = layer;
      else layer.drop();
    } catch (error) {
      problem = asProblem(error);
    }
    this.loading = false;
    onLoaded(problem);
  }

  /** Let the server measure it and its results against a clean reference. @param {Blob} original */
  async measure(original) {
    const info = this.known;
    this.measuring = true;
    try {
      /** @type {Measured} */
      const { before, results } = await putBlob(`photos/${info.id}/reference`, original);
      this.original = original;
      Object.assign(info, { before, reference: true });
      // The others are measured when their figures are shown.
      for (const { result } of this.jobs.values()) if (result) result.scores = results[result.result] ?? null;
    } finally {
      this.measuring = false;
    }
  }

  /** The memory of its pictures, in pixels. */
  get pixels() {
    const layers = [this.before, ...[...this.jobs.values()].map((job) => job.layer)];
    return layers.reduce((sum, layer) => sum + (layer?.pixels ?? 0), 0);
  }

  /** Release the results except for some; they are fetched again when they are viewed. */
  restJobs(/** @type {import('./jobs.js').Job[]} */ except = []) {
    for (const job of this.jobs.values()) if (!except.includes(job)) job.rest();
  }

  /** Release all pictures. */
  rest() {
    this.rests += 1;
    this.before?.drop();
    this.before = null;
    this.restJobs();
  }

  drop() {
    this.gone.abort();
    this.rest();
  }
}
