/** The epochs of a run: their list, fetching them on demand, and interpolation between two. */

import { unpack } from '../../static/packed.js';

const AT_ONCE = 3;
const GONE = 204; // the run has dropped it, as a long run does with most of its epochs

/**
 * @typedef {{epoch: number, stamp: string}} Known  `stamp` is the version of its file
 * @typedef {{x: number, y: number, reach: number}} View  its centre, and the distance from there to the edge
 * @typedef {{epoch: number, view: [number, number, number]}} Header  as the server sends it
 * @typedef {{epoch: number, view: View, places: Float32Array,
 *   labels: Int16Array, xIn: Images, xHat: Images, manifold: Images | null,
 *   rows: number}} Epoch
 * @typedef {{pixels: Uint8Array, count: number, shape: [number, number, number]}} Images
 *   `shape` is C, H, W; the pixels have their channels last
 */

export class Epochs {
  /**
   * @param {string} run
   * @param {() => void} onChange  called when one more is loaded
   */
  constructor(run, onChange) {
    this.run = run;
    this.onChange = onChange;
    /** @type {Known[]} */
    this.known = [];
    /** @type {Map<number, Epoch & {stamp: string}>} */
    this.loaded = new Map();
    this.at = Infinity; // the player's position
    /** @type {Set<string>} */
    this.failed = new Set();
    /** @type {Set<string>} */
    this.underWay = new Set();
    this.message = '';
    this.stopped = new AbortController();
  }

  /** @param {[number, string][]} list  epochs and their files' versions, as the page knows them */
  update(list) {
    this.known = list.map(([epoch, stamp]) => ({ epoch, stamp }));
    this.forget();
    this.fetchMore();
  }

  /** The loaded epochs, in order. @returns {Epoch[]} */
  get there() {
    return [...this.loaded.values()].sort((one, other) => one.epoch - other.epoch);
  }

  /** The numbers of the loaded epochs, in order. */
  get numbers() {
    return this.there.map(({ epoch }) => epoch);
  }

  /**
   * Drops epochs that are no longer on the server, except at the player's position: a long run drops most of its
   * epochs soon, and the next one may not be loaded yet.
   */
  forget() {
    const { there } = this;
    if (!there.length) return;
    const { before, after } = around(there, this.at);
    const held = new Set([before, after, there.at(-1)]);
    const names = new Set(this.known.map(({ epoch }) => epoch));
    for (const one of there) {
      if (!names.has(one.epoch) && !held.has(one)) this.loaded.delete(one.epoch);
    }
  }

  /** The newest epoch, loaded or not. */
  get last() {
    return this.known.at(-1)?.epoch ?? 0;
  }

  end() {
    this.stopped.abort();
  }

  /** Load the newest epoch first, to have something to show; then from the beginning, in playing order. */
  fetchMore() {
    const wanted = this.loaded.size ? this.known : [...this.known].reverse();
    for (const one of wanted) {
      if (this.underWay.size >= AT_ONCE) return;
      const name = key(one);
      if (this.loaded.get(one.epoch)?.stamp === one.stamp) continue;
      if (this.failed.has(name) || this.underWay.has(name)) continue;
      this.underWay.add(name);
      this.fetch(one)
        .catch((error) => {
          this.failed.add(name);
          this.message = error.message;
        })
        .finally(() => {
          this.underWay.delete(name);
          if (this.stopped.signal.aborted) return;
          this.forget();
          this.onChange();
          this.fetchMore();
        });
      if (!this.loaded.size) return; // nothing must delay the first picture
    }
  }

  /** @param {Known} one */
  async fetch(one) {
    const path = `aeviz/runs/${encodeURIComponent(this.run)}/epochs/${one.epoch}`;
    const url = new URL(`${path}?v=${one.stamp}`, document.baseURI);
    const answer = await fetch(url, { signal: this.stopped.signal });
    if (answer.status === GONE) {
      this.failed.add(key(one));
      return;
    }
    if (!answer.ok) throw new Error((await answer.json()).error);
    const epoch = read(unpack(await answer.arrayBuffer()));
    this.loaded.set(one.epoch, { ...epoch, stamp: one.stamp });
  }
}

/**
 * The two epochs around `time` (in epochs), and the fraction between them.
 * @template {{epoch: number}} E
 * @param {E[]} there  at least one
 * @param {number} time
 */
export function around(there, time) {
  let first = 0;
  while (first < there.length - 2 && there[first + 1].epoch <= time) first += 1;
  const before = there[first];
  const after = there[Math.min(first + 1, there.length - 1)];
  const span = after.epoch - before.epoch;
  const share = span ? Math.min(1, Math.max(0, (time - before.epoch) / span)) : 1;
  return { first, before, after, share };
}

/**
 * Positions at `time`, along a smooth curve that never leaves the range of the two
 * neighbouring epochs (cubic Hermite interpolation with Fritsch and Butland's
 * slopes), so that points do not stop at each epoch.
 * @param {{epoch: number, places: Float32Array}[]} there
 * @param {number} time
 * @param {Float32Array} into
 */
export function placesAt(there, time, into) {
  const { first, before, after, share: t } = around(there, time);
  const [p1, p2] = [before.places, after.places];
  const p0 = there[first - 1]?.places ?? p1;
  const p3 = there[first + 2]?.places ?? p2;
  const t2 = t * t;
  const t3 = t2 * t;
  const [a, b, c] = [t3 - 2 * t2 + t, 3 * t2 - 2 * t3, t3 - t2];
  for (let i = 0; i < into.length; i += 1) {
    const step = p2[i] - p1[i];
    into[i] = p1[i] + b * step + a * slope(p1[i] - p0[i], step) + c * slope(step, p3[i] - p2[i]);
  }
  return into;
}

/**
 * The view at `time`: it zooms by equal factors in equal times.
 * @param {{epoch: number, view: View}[]} there
 * @param {number} time
 * @returns {View}
 */
export function viewAt(there, time) {
  const {
    before: { view: from },
    after: { view: to },
    share,
  } = around(there, time);
  const t = share * share * (3 - 2 * share);
  return {
    x: from.x + (to.x - from.x) * t,
    y: from.y + (to.y - from.y) * t,
    reach: from.reach * (to.reach / from.reach) ** t,
  };
}

/** Harmonic mean of two steps, 0 if they change direction. @param {number} one @param {number} other */
function slope(one, other) {
  const product = one * other;
  return product > 0 ? (2 * product) / (one + other) : 0;
}

/** @param {Known} one */
function key({ epoch, stamp }) {
  return `${epoch} ${stamp}`;
}

/**
 * @param {ReturnType<typeof unpack<Header>>} packed
 * @returns {Epoch}
 */
function read({ header, array, shape }) {
  /** @param {string} name @returns {Images | null} */
  const images = (name) => {
    const pixels = array(name);
    if (!(pixels instanceof Uint8Array)) return null;
    const [h, w, c] = shape(name).slice(-3);
    return { pixels, count: pixels.length / (h * w * c), shape: [c, h, w] };
  };
  const [places, labels, x, xHat] = [array('places'), array('labels'), images('x'), images('x_hat')];
  if (!(places instanceof Float32Array && labels instanceof Int16Array && x && xHat)) {
    throw new Error('This epoch cannot be read.');
  }
  /** @type {Header} */
  const {
    epoch,
    view: [middleX, middleY, reach],
  } = header;
  return {
    epoch,
    view: { x: middleX, y: middleY, reach },
    places,
    labels,
    xIn: images('x_in') ?? x,
    xHat,
    manifold: images('tiles'),
    rows: shape('tiles')[0] ?? 0,
  };
}
