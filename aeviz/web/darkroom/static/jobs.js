/** The queue of jobs: sent over the socket, two on the server at a time. */

import { asProblem, getBlob } from './api.js';
import { Layer } from './layer.js';
import { Work } from './work.js';

const AT_ONCE = 2;
const LIVE = ['waiting', 'working'];

/**
 * @typedef {import('./api.js').Problem} Problem
 * @typedef {import('./work.js').Message} Message
 * @typedef {{width: number, height: number}} Size
 */

/** One photo, one task, one method. */
export class Job {
  /**
   * @param {import('./photos.js').Variant} variant
   * @param {{task: string, method: string, sigma?: number | null}} order
   */
  constructor(variant, { task, method, sigma = null }) {
    this.variant = variant;
    this.task = task;
    this.method = method;
    this.sigma = sigma;
    this.n = 0;
    /** @type {'waiting' | 'working' | 'done' | 'stopped' | 'failed'} */
    this.state = 'waiting';
    this.ahead = 0;
    this.done = 0;
    this.total = 0;
    /** @type {number | null} */
    this.secondsLeft = null;
    this.error = '';
    /** @type {import('./work.js').Result | null} */
    this.result = null;
    /** @type {Layer | null} the part that has arrived, tile by tile */
    this.layer = null;
    this.whole = false; // whether the layer is complete
    this.loading = false;
    this.painted = Promise.resolve();
    this.drawn = false; // whether tiles arrived; classical filters send none
    this.missed = false;
    this.rests = 0; // how often its picture was released; older responses are ignored
    /** @type {string | null} an older result, to delete on the server once this one is done */
    this.replaces = null;
  }

  get live() {
    return LIVE.includes(this.state);
  }

  get share() {
    if (this.state === 'done') return 1;
    return this.total ? this.done / this.total : 0;
  }

  /**
   * Draw a tile at its position; tiles are image files, which take a moment to decode.
   * @param {import('./work.js').Tile} tile
   * @param {Size} size  of the whole picture
   * @param {() => void} onDrawn
   */
  tile({ x, y, image }, size, onDrawn) {
    const { rests } = this;
    this.painted = this.painted
      .then(async () => {
        const bitmap = await createImageBitmap(image);
        if (rests === this.rests) {
          this.layer ??= new Layer(size.width, size.height);
          this.layer.put(bitmap, x, y);
          this.drawn = true;
          onDrawn();
        }
        bitmap.close();
      })
      .catch(() => {
        this.missed = true; // the complete picture is fetched at the end
      });
  }

  /** Fetch the whole picture if the layer is not complete. @param {(problem: Problem | null) => void} onLoaded */
  async load(onLoaded) {
    if (!this.result || this.whole || this.loading) return;
    this.loading = true;
    const { rests } = this;
    /** @type {Problem | null} */
    let problem = null;
    try {
      const layer = await Layer.from(await getBlob(`results/${this.result.result}/view`));
      if (rests === this.rests) {
        this.layer?.drop();
        this.layer = layer;
        this.whole = true;
      } else {
        layer.drop();
      }
    } catch (error) {
      problem = asProblem(error);
    }
    this.loading = false;
    onLoaded(problem);
  }

  /** Release the memory of the picture. */
  rest() {
    this.rests += 1;
    this.layer?.drop();
    this.layer = null;
    this.whole = false;
    this.missed = true;
  }
}

export class Jobs {
  /**
   * @param {{onChange: () => void, onDrawn: () => void, onEnd: (job: Job, message: Message) => void,
   *   seen: (job: Job) => Size | null,
   *   onStatus: (status: import('./work.js').Status) => void}} listener
   *   `seen` returns the size of the job's picture if it is on the screen
   */
  constructor(listener) {
    this.listener = listener;
    /** @type {Job[]} */
    this.waiting = [];
    /** @type {Map<number, Job>} */
    this.running = new Map();
    this.made = 0;
    this.work = new Work({
      onOpen: () => this.pump(),
      onLost: () => this.lost(),
      onMessage: (message) => this.receive(message),
      onTile: (n, tile) => this.tile(n, tile),
      onStatus: listener.onStatus,
    });
  }

  /** All unfinished jobs. */
  get all() {
    return [...this.waiting, ...this.running.values()];
  }

  /** Add a job; `first`: before all others, because it is on the screen. @param {Job} job @param {boolean} first */
  add(job, first) {
    if (first) this.waiting.unshift(job);
    else this.waiting.push(job);
    this.pump(first);
  }

  /** Move a waiting job to the front. @param {Job} job */
  hurry(job) {
    const at = this.waiting.indexOf(job);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    this.add(job, true);
  }

  pump(first = false) {
    if (!this.work.open) {
      if (this.waiting.length) this.work.connect();
      return;
    }
    const places = AT_ONCE + (first ? 1 : 0);
    for (const job of this.waiting.splice(0, places - this.running.size)) this.send(job, first);
    this.listener.onChange();
  }

  /** @param {Job} job @param {boolean} first */
  send(job, first) {
    this.made += 1;
    job.n = this.made;
    this.running.set(job.n, job);
    const { variant, task, method, sigma, n } = job;
    /** @type {import('./work.js').Order} */
    const order = { do: 'restore', job: n, photo: variant.known.id, task, sigma, method };
    this.work.send(first ? { ...order, first } : order);
  }

  /** Stop an unfinished job. @param {Job} job */
  stop(job) {
    if (!job.live) return;
    const at = this.waiting.indexOf(job);
    if (at >= 0) this.waiting.splice(at, 1);
    if (this.running.delete(job.n) && this.work.open) this.work.send({ do: 'stop', job: job.n });
    job.state = 'stopped';
    this.pump();
    this.listener.onChange();
  }

  /** @param {number} n @param {import('./work.js').Tile} tile */
  tile(n, tile) {
    const job = this.running.get(n);
    if (!job) return;
    const size = this.listener.seen(job);
    if (size) job.tile(tile, size, this.listener.onDrawn);
    else job.missed = true;
  }

  /** @param {Message} message */
  receive(message) {
    const job = this.running.get(message.job);
    if (!job) return; // stopped meanwhile
    job.state = message.state;
    if (message.state === 'waiting') job.ahead = message.ahead;
    if (message.state === 'working') {
      const { done, total, seconds_left: secondsLeft } = message;
      Object.assign(job, { done, total, secondsLeft });
    }
    if (message.state === 'failed') job.error = message.error;
    if (message.state === 'done') job.result = message;
    if (!job.live) this.ended(job, message);
    this.listener.onChange();
  }

  /** @param {Job} job @param {Message} message */
  async ended(job, message) {
    this.running.delete(job.n);
    this.pump();
    await job.painted;
    // Tiles have no alpha channel.
    job.whole =
      message.state === 'done' && !message.skipped && job.drawn && !job.missed && !job.variant.info?.alpha;
    this.listener.onEnd(job, message);
  }

  /** The socket was lost: send the running jobs again, before all others. */
  lost() {
    const again = [...this.running.values()];
    this.running.clear();
    for (const job of again) Object.assign(job, { state: 'waiting', ahead: 0, done: 0, total: 0 });
    this.waiting.unshift(...again);
    this.listener.onChange();
  }
}
