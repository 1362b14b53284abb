/** The number of requests of a drag to keep in flight, by the duration of their round trips. */

/** The most requests of one kind; the server reads twice as many ahead (docs/live-protocol.md). */
export const MAX_IN_FLIGHT = 4;
const FRAME_MS = 1000 / 60;
/** The weight of the newest round trip in the running mean. */
const NEWEST = 0.15;
/** How fast the minimum round trip decays, in case the network becomes slower. */
const FORGOTTEN_MS = 0.02;

export class RoundTrip {
  constructor() {
    this.mean = FRAME_MS / 2;
    this.least = 1000;
  }

  /** @param {number} ms  of one round trip */
  note(ms) {
    this.mean += NEWEST * (ms - this.mean);
    this.least = Math.min(ms, this.least + FORGOTTEN_MS);
  }

  /**
   * Requests to keep in flight: enough to send one each frame, but only one more than the network
   * alone needs. If a busy server takes long, more requests would only wait there.
   */
  get window() {
    const [needed, idle] = [this.mean, this.least].map((ms) => Math.ceil(ms / FRAME_MS));
    return Math.max(1, Math.min(MAX_IN_FLIGHT, needed, idle + 1));
  }
}
