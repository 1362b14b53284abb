/** The photos whose pictures stay in memory: the most recently viewed ones that fit. */

const KEPT_PIXELS = 90e6; // at 5.3 bytes each, with their mipmaps

export class Memory {
  constructor() {
    /** @type {import('./photos.js').Variant[]} the most recent one first */
    this.recent = [];
  }

  /**
   * `variant` is viewed now. Release the least recently viewed variants, and if `variant` alone is too
   * large, those of its pictures that are on neither side.
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
