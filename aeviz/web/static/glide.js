/** The animation of a map from one projection to another. */

const DURATION_MS = 450;

/**
 * Call `draw` on every animation frame with the eased progress from 0 to 1; the
 * last value is 1. If the system is set to reduced motion, only that.
 * @param {AbortSignal} signal  stops it
 * @param {(share: number) => void} draw
 */
export async function glide(signal, draw) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const began = performance.now();
  for (let t = 0; t < 1; ) {
    await new Promise(requestAnimationFrame);
    if (signal.aborted) return;
    t = still ? 1 : Math.min(1, (performance.now() - began) / DURATION_MS);
    draw(t * t * (3 - 2 * t));
  }
}

/** @param {number} from @param {number} to @param {number} share  0 is `from`, 1 is `to` */
export function mix(from, to, share) {
  return share === 1 ? to : from + share * (to - from);
}
