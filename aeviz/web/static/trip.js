/** An animation from 0 to 1 and back, on every animation frame. */

const TRIP_MS = 2600; // from 0 to 1
const STEP_MS = 600; // per step, with reduced motion

export class Trip {
  /**
   * @param {number} step  the step with reduced motion
   * @param {(t: number, time: number) => void} onMove
   */
  constructor(step, onMove) {
    this.step = step;
    this.onMove = onMove;
    this.request = 0;
  }

  get going() {
    return this.request !== 0;
  }

  /** @param {number} t  where to begin */
  start(t) {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    let way = t >= 1 ? -1 : 1;
    let last = performance.now();
    const frame = (/** @type {number} */ now) => {
      this.request = requestAnimationFrame(frame);
      if (calm && now - last < STEP_MS) return;
      const step = calm ? this.step : Math.min(0.1, (now - last) / TRIP_MS);
      last = now;
      t += way * Math.max(0, step);
      if (t >= 1 || t <= 0) {
        t = Math.min(1, Math.max(0, t));
        way = -way;
      }
      this.onMove(t, now);
    };
    this.request = requestAnimationFrame(frame);
  }

  stop() {
    cancelAnimationFrame(this.request);
    this.request = 0;
  }
}
