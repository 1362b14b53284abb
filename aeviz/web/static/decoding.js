/** Decodes whole sheets of codes: one request at a time, and the newest requested sheet comes next. */

const CHUNK = 256;
const LEAST_PAUSE_MS = 50;

/** @typedef {{codes: Float32Array[], layout: string, order: number[]}} SheetOfCodes */

export class SheetDecoder {
  /**
   * @param {import('./socket.js').LiveClient} client
   * @param {(index: number, pixels: Uint8Array) => void} draw  tile by tile
   */
  constructor(client, draw) {
    this.client = client;
    this.draw = draw;
    /** @type {SheetOfCodes | null} */
    this.wanted = null;
    /** @type {string | null} */
    this.layout = null;
    this.running = false;
  }

  /**
   * Decode a sheet. It replaces a waiting one; a sheet in progress is finished, so that a
   * drag shows whole sheets, unless its layout differs: then it is cancelled.
   * @param {Float32Array[]} codes
   * @param {string} layout  names how the tiles lie
   * @param {number[]} [order]  of the tiles, those that matter most first
   */
  async want(codes, layout, order = codes.map((_, i) => i)) {
    this.wanted = { codes, layout, order };
    this.layout = layout;
    if (this.running) return;
    this.running = true;
    while (this.wanted) {
      const sheet = this.wanted;
      this.wanted = null;
      const began = performance.now();
      await this.#decode(sheet);
      // Pause for as long as the sheet took, to leave half of the server's time to others.
      const pause = Math.max(LEAST_PAUSE_MS, performance.now() - began);
      if (sheet.layout === this.layout) await new Promise((settle) => setTimeout(settle, pause));
    }
    this.running = false;
  }

  /** Stop drawing. */
  close() {
    this.layout = null;
    this.wanted = null;
  }

  /** @param {SheetOfCodes} sheet */
  async #decode({ codes, layout, order }) {
    for (let from = 0; from < order.length && layout === this.layout; from += CHUNK) {
      const chunk = order.slice(from, from + CHUNK);
      const pixels = await this.client.decode(flat(chunk.map((index) => codes[index])));
      if (layout !== this.layout) return;
      const size = pixels.length / chunk.length;
      chunk.forEach((index, i) => this.draw(index, pixels.subarray(i * size, (i + 1) * size)));
    }
  }
}

/** Codes one after another. @param {Float32Array[]} codes */
export function flat(codes) {
  const all = new Float32Array(codes.length * codes[0].length);
  codes.forEach((code, i) => all.set(code, i * code.length));
  return all;
}
