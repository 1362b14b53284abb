/** User Timing measures of one name, limited in number. */

const KEPT = 4000;
const PAUSE_MS = 1000;

export class Measures {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.count = 0;
    this.lastMove = 0;
  }

  /** Measure from the input event until now. @param {number} start  the event's timeStamp */
  add(start) {
    performance.measure(this.name, { start, end: performance.now() });
    this.count += 1;
  }

  /** Clear the measures if there are many; only in a pause, so that those of a drag are complete. */
  trim() {
    const now = performance.now();
    const paused = now - this.lastMove > PAUSE_MS;
    this.lastMove = now;
    if ((paused && this.count > KEPT) || this.count > 5 * KEPT) {
      performance.clearMeasures(this.name);
      this.count = 0;
    }
  }
}
