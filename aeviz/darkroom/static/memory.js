/** Which photos' pictures stay in memory: those looked at last, as many as there is room for. */

const KEPT_PIXELS = 90e6; // at 5.3 bytes each, with their halves

export class Memory {
  constructor() {
    /** @type {import('./photos.js').Variant[]} the last one first */
    this.recent = [];
  }

  /** Somebody looks at `variant` now; what was looked at long ago is let go. */
  look(variant) {
    let pixels = 0;
    this.recent = [variant, ...this.recent.filter((other) => other !== variant)].filter((kept, i) => {
      pixels += kept.pixels;
      if (i === 0 || pixels < KEPT_PIXELS) return true;
      kept.rest();
      return false;
    });
  }
}
