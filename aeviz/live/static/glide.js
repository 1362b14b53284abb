/** Moving everything on a map from one projection to another. */

const DURATION_MS = 450;

/**
 * @typedef {{points: Float32Array, place: [number, number], x: number, y: number,
 *   scale: number}} Scene
 */

/**
 * Call `draw` with scenes on the way from one to the other, as often as it keeps up; the last is
 * `to` itself. At once where a person has asked their system for less motion.
 * @param {Scene} from
 * @param {Scene} to
 * @param {AbortSignal} signal  ends it where it is
 * @param {(now: Scene) => Promise<unknown>} draw
 */
export async function glide(from, to, signal, draw) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const began = performance.now();
  for (let t = 0; t < 1 && !signal.aborted;) {
    await new Promise(requestAnimationFrame);
    t = still ? 1 : Math.min(1, (performance.now() - began) / DURATION_MS);
    await draw(t < 1 ? between(from, to, t * t * (3 - 2 * t)) : to);
  }
}

/** @param {number} share  0 is `from`, 1 is `to` */
function between(from, to, share) {
  const mix = (a, b) => a + share * (b - a);
  return {
    points: to.points.map((value, i) => mix(from.points[i], value)),
    place: [mix(from.place[0], to.place[0]), mix(from.place[1], to.place[1])],
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
    scale: mix(from.scale, to.scale),
  };
}
