/** What is being made of the photos: a queue over the socket, two jobs on the server at a time. */

import { getBlob } from './api.js';
import { Layer } from './layer.js';
import { Work } from './work.js';

const AT_ONCE = 2;
const LIVE = ['waiting', 'working'];

/** One photo, one task, one method. */
export class Job {
  /**
   * @param {import('./photos.js').Variant} variant
   * @param {{task: string, method: string, sigma?: number | null}} order
   */
  constructor(variant, { task, method, sigma = null }) {
    Object.assign(this, { variant, task, method, sigma });
    this.n = 0;
    /** @type {'waiting' | 'working' | 'done' | 'stopped' | 'failed'} */
    this.state = 'waiting';
    this.ahead = 0;
    this.done = 0;
    this.total = 0;
    this.secondsLeft = null;
    this.error = '';
    /** @type {{result: string, width: number, height: number, seconds: number,
     *   scores: import('./photos.js').Score | null, notes: string[]} | null} */
    this.result = null;
    /** @type {Layer | null} what there is of it, tile by tile */
    this.layer = null;
    this.whole = false; // whether the layer holds all of it
    this.loading = false;
    this.painted = Promise.resolve();
    this.drawn = false; // whether there came tiles; classical filters send none
    this.missed = false;
    this.rests = 0; // how often its picture was let go: what comes after that came too late
    /** @type {string | null} a result that goes from the server once there is this one's */
    this.replaces = null;
  }

  get live() {
    return LIVE.includes(this.state);
  }

  get share() {
    if (this.state === 'done') return 1;
    return this.total ? this.done / this.total : 0;
  }

  /** Draw a tile where it belongs; they come as files, which take a moment to decode. */
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
        this.missed = true; // fetched whole when all is done
      });
  }

  /** Fetch the whole picture where the layer does not hold it. */
  async load(onLoaded) {
    if (this.state !== 'done' || this.whole || this.loading) return;
    this.loading = true;
    const { rests } = this;
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
      problem = error;
    }
    this.loading = false;
    onLoaded(problem);
  }

  /** Put the picture out of memory. */
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
   * @param {{onChange: () => void, onDrawn: () => void, onEnd: (job: Job) => void,
   *   seen: (job: Job) => {width: number, height: number} | null,
   *   onStatus: (status: {kind: string, text: string}) => void}} listener
   *   `seen` answers the size of the job's picture if somebody is looking at it
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

  /** All that are not done. */
  get all() {
    return [...this.waiting, ...this.running.values()];
  }

  /** Take a job on; `first`: somebody is looking, before all others. */
  add(job, first) {
    if (first) this.waiting.unshift(job);
    else this.waiting.push(job);
    this.pump(first);
  }

  /** Bring a job that still waits to the front. */
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
    while (this.running.size < places && this.waiting.length) this.send(this.waiting.shift(), first);
    this.listener.onChange();
  }

  send(job, first) {
    this.made += 1;
    job.n = this.made;
    this.running.set(job.n, job);
    const { task, method, sigma, n } = job;
    const order = { do: 'restore', job: n, photo: job.variant.info.id, task, sigma, method };
    this.work.send(first ? { ...order, first: true } : order);
  }

  /** End a job that is not done. */
  stop(job) {
    if (!job.live) return;
    const at = this.waiting.indexOf(job);
    if (at >= 0) this.waiting.splice(at, 1);
    if (this.running.delete(job.n) && this.work.open) this.work.send({ do: 'stop', job: job.n });
    job.state = 'stopped';
    this.pump();
    this.listener.onChange();
  }

  tile(n, tile) {
    const job = this.running.get(n);
    if (!job) return;
    const size = this.listener.seen(job);
    if (size) job.tile(tile, size, this.listener.onDrawn);
    else job.missed = true;
  }

  receive({ job: n, state, ...said }) {
    const job = this.running.get(n);
    if (!job) return; // stopped meanwhile
    job.state = state;
    if (state === 'waiting') job.ahead = said.ahead;
    if (state === 'working') {
      Object.assign(job, { done: said.done, total: said.total, secondsLeft: said.seconds_left });
    }
    if (state === 'failed') job.error = said.error;
    if (state === 'done') job.result = said;
    if (!job.live) this.ended(job, said);
    this.listener.onChange();
  }

  async ended(job, said) {
    this.running.delete(job.n);
    this.pump();
    await job.painted;
    // Tiles come without what is see-through.
    const complete = !job.missed && !said.skipped && !job.variant.info?.alpha;
    job.whole = job.state === 'done' && complete && job.drawn;
    this.listener.onEnd(job, said);
  }

  /** The socket broke: what ran is asked for again, before all else. */
  lost() {
    const again = [...this.running.values()];
    this.running.clear();
    for (const job of again) Object.assign(job, { state: 'waiting', ahead: 0, done: 0, total: 0 });
    this.waiting.unshift(...again);
    this.listener.onChange();
  }
}
