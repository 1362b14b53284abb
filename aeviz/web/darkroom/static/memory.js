/** Which photos' pictures stay in memory: those looked at last, as many as there is room for. */

const KEPT_PIXELS = 90e6; // at 5.3 bytes each, with their halves

export class Memory {
  constructor() {
    /** @type {import('./photos.js').Variant[]} the last one first */
    this.recent = [];
  }

  /**
   * Somebody looks at `variant` now; what was looked at long ago is let go, and of itself, where
   * that alone is too much, what is on no side.
   * @param {import('./photos.js').Variant} variant
   * @param {import('./jobs.js').Job[]} sides
   */
  look(variant, sides) {
    if (variant.pixels > KEPT_PIXELS) variant.restJobs(sides);
    let pixels = 0;
    this.recent = [variant, ...this.recent.filter((other) => other !== variant)].filter((kept, i) => {
      pixels += kept.pixels;
      if (i === 0 || pixels < KEPT_PIXELS) return true;
      kept.rest();
      return false;
    });
  }
}
