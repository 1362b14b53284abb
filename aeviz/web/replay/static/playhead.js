/** The position of the replay and its movement: playing, gliding to a new epoch, scrubbing. No drawing. */

const EPOCH_SECONDS = 0.9; // at normal speed
const MOST_SECONDS = 24; // a whole replay
const FOLLOW_SECONDS = 1.2; // to a new epoch
const NEAR = 1e-3; // epochs

/**
 * @typedef {{time: number, speed: number, following: boolean, active: boolean}} Left
 *   the state of a replay, to resume from there
 */

/** Times are in epochs and may be fractions; `epochs` are the loaded ones, in order. */
export class Playhead {
  /**
   * @param {Left | undefined} left
   * @param {{active: boolean, still: boolean}} run
   *   `active`: it is training; `still`: reduced motion, nothing moves automatically
   */
  constructor(left, { active, still }) {
    this.still = still;
    this.time = left?.time ?? Infinity; // the newest one
    this.speed = left?.speed ?? 1;
    this.following = left?.following ?? false;
    this.active = left?.active ?? false; // when it was last shown
    /** An epoch to glide to. @type {number | null} */
    this.wanted = null;
    this.pace = 0; // epochs per second, while it glides
    this.playing = false;
    this.opening = !left && !active && !still; // plays once automatically
  }

  get moving() {
    return this.playing || this.wanted !== null;
  }

  /** @returns {Left} */
  get left() {
    const { time, speed, following, active } = this;
    return { time, speed, following, active };
  }

  /** The training is running, or over. @param {boolean} active */
  train(active) {
    if (!active) this.following = false;
    else if (!this.active) {
      // it begins or continues
      this.playing = this.opening = false;
      this.following = true;
    }
    this.active = active;
  }

  /** More epochs are loaded; `all`: all of them. @param {number[]} epochs @param {boolean} all */
  arrive(epochs, all) {
    const [first, last] = ends(epochs);
    if (this.following && this.time < last) this.glide(last);
    if (this.opening && epochs.length > 1 && all) {
      this.opening = false;
      this.time = first;
      this.play();
    }
  }

  /** Glide to an epoch, at a speed that arrives there soon. @param {number} epoch */
  glide(epoch) {
    if (this.still) {
      this.time = epoch;
      return;
    }
    this.wanted = epoch;
    this.pace = Math.max(0.2, epoch - this.time) / FOLLOW_SECONDS;
  }

  /** Play or pause; play from the beginning if it is at the end. @param {number[]} epochs */
  toggle(epochs) {
    if (this.playing) {
      this.pause();
      return;
    }
    const [first, last] = ends(epochs);
    if (epochs.length && this.time >= last) this.time = first;
    this.play();
  }

  play() {
    this.wanted = null;
    this.opening = this.following = false;
    this.playing = true;
  }

  pause() {
    this.playing = false;
    this.wanted = null;
  }

  /** Go to the newest epoch, and follow new ones. @param {number[]} epochs */
  follow(epochs) {
    this.pause();
    this.opening = false;
    this.following = true;
    if (epochs.length) this.glide(ends(epochs)[1]);
  }

  /**
   * A drag or a key: jump there at once; at the end of the drag, to the nearest epoch.
   * @param {number[]} epochs  at least one
   * @param {number} time
   * @param {boolean} settle
   */
  scrub(epochs, time, settle) {
    this.pause();
    this.opening = false;
    this.time = time;
    this.keepInside(epochs);
    this.following = this.active && this.time >= ends(epochs)[1] - NEAR;
    if (settle) this.time = nearest(epochs, this.time);
  }

  /**
   * Advance by some seconds.
   * @param {number} seconds
   * @param {number[]} epochs  at least one
   * @param {number} newest  epoch, loaded or not
   */
  advance(seconds, epochs, newest) {
    this.keepInside(epochs);
    if (this.wanted !== null) {
      this.time = Math.min(this.wanted, this.time + seconds * this.pace);
      if (this.time >= this.wanted) this.wanted = null;
      return;
    }
    const [first, last] = ends(epochs);
    const span = Math.max(1, newest - first);
    const whole = Math.min(MOST_SECONDS, EPOCH_SECONDS * Math.max(1, epochs.length - 1));
    this.time = Math.min(last, this.time + (seconds * this.speed * span) / whole);
    if (this.time >= newest) {
      this.playing = false;
      this.following = this.active;
    }
  }

  /** @param {number[]} epochs  at least one */
  keepInside(epochs) {
    const [first, last] = ends(epochs);
    this.time = Math.min(last, Math.max(first, this.time));
  }
}

/**
 * The target of a key, or null: the previous or next epoch, a tenth of all epochs further, either end.
 * @param {string} key
 * @param {number[]} epochs
 * @param {number} time
 * @returns {number | null}
 */
export function keyTarget(key, epochs, time) {
  if (!epochs.length) return null;
  const [first, last] = ends(epochs);
  const before = epochs.filter((epoch) => epoch < time - NEAR);
  const after = epochs.filter((epoch) => epoch > time + NEAR);
  const far = Math.max(1, Math.ceil(epochs.length / 10));
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return before.at(-1) ?? first;
    case 'PageDown':
      return before.at(-far) ?? first;
    case 'ArrowRight':
    case 'ArrowUp':
      return after[0] ?? last;
    case 'PageUp':
      return after[far - 1] ?? last;
    case 'Home':
      return first;
    case 'End':
      return last;
    default:
      return null;
  }
}

/** @param {number[]} epochs  in order @param {number} time */
function nearest(epochs, time) {
  return epochs.reduce((best, epoch) => (Math.abs(epoch - time) <= Math.abs(best - time) ? epoch : best));
}

/** The first and the last epoch; 0 if there are none. @param {number[]} epochs @returns {[number, number]} */
function ends(epochs) {
  return [epochs[0] ?? 0, epochs.at(-1) ?? 0];
}
