/**
 * The side card. At the top, facts about the current code: the gallery images nearest to it,
 * its distance from the data, its numbers as bars. Below, the kept image and its reconstruction.
 */

import { CodeBars } from './bars.js';
import { meanSquaredError } from './canvas.js';
import { atMostEvery, h } from './dom.js';
import { KeptImage } from './kept_image.js';
import { Meter } from './meter.js';
import { NearestCodes, NearestImages } from './nearest.js';

/** @import { LiveClient } from './socket.js' */
/** @import { Readings } from './manifold.js' */

const SEARCH_MS = 80;
/**
 * The round trip costs the server three passes. Once every fifth of a second, it cost a drag one
 * frame in ten. So it is requested when the pointer rests, and once a second while it moves.
 */
const REST_MS = 120;
const RETURN_MS = 1000;

export class PinnedCard {
  /**
   * @param {import('./gallery.js').Gallery} gallery
   * @param {string[]} colours
   * @param {{onPin?: (index: number, time: number) => void}} [handlers]
   *   `onPin`: one of the nearest images was clicked
   */
  constructor(gallery, colours, { onPin = () => {} } = {}) {
    this.gallery = gallery;
    /** The image whose code is kept. @type {number | null} */
    this.own = null;
    /** The current code. @type {Float32Array | null} */
    this.z = null;
    /** @type {LiveClient | null} */
    this.client = null;
    /** The last round trip, and its code. @type {{z: Float32Array, readings: Readings} | null} */
    this.came = null;
    this.seen = false;
    this.resting = 0;
    this.search = gallery.count ? new NearestCodes(gallery) : null;
    this.images = gallery.count ? new NearestImages(gallery, colours, onPin) : null;
    this.kept = gallery.count ? new KeptImage(gallery, colours) : null;
    this.meter = new Meter(gallery);
    this.bars = new CodeBars(gallery.dims);
    this.code = h('p', { class: 'aeviz-muted aeviz-fine' });
    this.element = h('section', { class: 'aeviz-pinned', 'aria-label': 'Beside the image' });
    if (this.images) {
      this.element.append(
        h(
          'div',
          { class: 'aeviz-side-nearest' },
          h('h2', { class: 'aeviz-bar' }, 'Nearest images'),
          this.images.element,
        ),
      );
    }
    if (!gallery.count) this.element.append(h('h2', { class: 'aeviz-bar' }, 'Code'));
    const standing = h('div', { class: 'aeviz-side-code' }, this.meter.element, this.bars.canvas, this.code);
    this.element.append(standing);
    if (this.kept) this.element.append(this.kept.element);
    this.lookAround = atMostEvery(SEARCH_MS, () => this.showNearest());
    this.asked = performance.now();
    // Invisible parts are not computed: some modes hide the card, or lie below it after scrolling.
    this.watching = new IntersectionObserver((entries) => {
      this.seen = entries.at(-1)?.isIntersecting ?? false;
      if (this.seen) this.look();
    });
    this.watching.observe(standing);
  }

  /** Show the current code: called for every move. @param {Float32Array} z */
  showCode(z) {
    this.z = z;
    this.bars.draw(z);
    this.code.hidden = z.length > 3; // the numbers of wider codes are on the sliders
    if (!this.code.hidden) {
      this.code.textContent = `z = (${[...z].map((value) => value.toFixed(2).replace('-', '−')).join(', ')})`;
    }
    this.look();
  }

  /**
   * Show image `index`, or if it is null the image whose code is nearest to z.
   * @param {number | null} index
   * @param {Float32Array} z  the kept code
   * @param {LiveClient} client
   */
  show(index, z, client) {
    this.own = index;
    this.bars.describe(z);
    if (this.client !== client) {
      this.client = client;
      this.look();
    }
    if (!this.search) return;
    const shown = index ?? this.search.find(z, 1).indices[0];
    this.kept?.show(shown, index !== null, client);
  }

  destroy() {
    this.bars.destroy();
    this.watching.disconnect();
    clearTimeout(this.resting);
    this.client = null;
    this.z = null;
  }

  look() {
    if (!this.z || !this.seen) return;
    this.lookAround();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.showReturn(), REST_MS);
    if (performance.now() - this.asked > RETURN_MS) this.showReturn();
  }

  /** Search again around the current code; this takes a millisecond for 10,000 codes. */
  showNearest() {
    if (!this.z) return;
    let nearest;
    if (this.search && this.images) {
      const { indices, distance } = this.search.find(this.z, this.images.thumbs.length, this.own);
      this.images.show(indices);
      nearest = distance;
    }
    this.meter.show(this.z, { nearest, ...this.knownReturn() });
  }

  /**
   * The round trip's readings are valid in its code's neighbourhood, and dropped beyond it.
   * @returns {Readings}
   */
  knownReturn() {
    const { came, z, search } = this;
    const { typical } = this.gallery;
    const near = came && z && search && typical && search.between(z, came.z) <= typical.nearest_p95;
    return near ? came.readings : { image: undefined, code: undefined };
  }

  /** The round trip: decode the current code, encode the image, decode again. */
  async showReturn() {
    const { z, client, search } = this;
    if (!z || !client || !search || !this.gallery.typical) return;
    this.asked = performance.now();
    const pixels = await client.decode(z);
    const back = await client.encode(Float32Array.from(pixels, (value) => value / 255));
    if (this.client !== client) return; // closed meanwhile
    const image = meanSquaredError(pixels, back.pixels);
    this.came = { z, readings: { image, code: search.between(z, back.code) } };
    this.meter.show(this.z ?? z, this.knownReturn());
  }
}
