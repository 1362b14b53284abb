/** Newest wins: work that follows the pointer takes the latest input when the previous one is done. */

import { meanSquaredError } from './canvas.js';

const MEASURE = 'aeviz.encode';
const KEPT_MEASURES = 4000;

/**
 * `work` for the newest input only: while it is busy, a newer input replaces the waiting one.
 * @template T
 * @param {(input: T) => Promise<void>} work
 * @returns {(input: T) => Promise<void>}
 */
export function newestOnly(work) {
  /** @type {{input: T} | null} */
  let waiting = null;
  let busy = false;
  return async (input) => {
    waiting = { input };
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const now = waiting.input;
        waiting = null;
        await work(now);
      }
    } finally {
      busy = false;
    }
  };
}

/** An image of values in [0, 1] as bytes. @param {Float32Array} image */
export function toBytes(image) {
  return Uint8Array.from(image, (value) => Math.round(255 * value));
}

/**
 * Encode the drawing, as fast as the server replies. Each reply leaves a User Timing measure
 * `aeviz.encode`, from the pen's event to its drawn reconstruction.
 * @param {import('./socket.js').LiveClient} client
 * @param {(reply: {code: Float32Array, pixels: Uint8Array, drawn: Uint8Array, error: number,
 *   time: number}) => void} onReply
 *   code, reconstruction and drawing, and their mean squared error on the scale of [0, 1]
 * @param {AbortSignal} signal  when aborted, replies are dropped
 * @returns {(image: Float32Array, time: number) => void}
 */
export function followDrawing(client, onReply, signal) {
  const encode = newestOnly(async (/** @type {{image: Float32Array, time: number}} */ { image, time }) => {
    const { code, pixels } = await client.encode(image);
    if (signal.aborted) return;
    const drawn = toBytes(image);
    onReply({ code, pixels, drawn, error: meanSquaredError(drawn, pixels), time });
    performance.measure(MEASURE, { start: time, end: performance.now() });
    if (performance.getEntriesByName(MEASURE).length > KEPT_MEASURES) {
      performance.clearMeasures(MEASURE);
    }
  });
  return (image, time) => encode({ image, time });
}
