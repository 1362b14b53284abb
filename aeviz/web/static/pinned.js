/**
 * The side card. Above, what is known of the code on the screen: the gallery images nearest to it,
 * how far it is from the data, its numbers as bars. Below, the kept image and its reconstruction.
 */

import { CodeBars } from './bars.js';
import { meanSquaredError, Picture } from './canvas.js';
import { atMostEvery, h } from './dom.js';
import { codeOf } from './gallery.js';
import { Meter } from './meter.js';
import { NearestCodes, NearestImages } from './nearest.js';

const SEARCH_MS = 80;
/**
 * Asking what comes back costs the server three passes, and every fifth of a second cost a drag one
 * frame in ten: it is asked once the hand rests, and while it moves once a second.
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
    this.colours = colours;
    this.own = null;
    this.meter = new Meter(gallery);
    this.bars = new CodeBars(gallery.dims);
    this.code = h('p', { class: 'aeviz-muted aeviz-fine' });
    this.element = h('section', { class: 'aeviz-pinned', 'aria-label': 'Beside the image' });
    if (gallery.count) {
      this.search = new NearestCodes(gallery);
      this.images = new NearestImages(gallery, colours, onPin);
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
    if (gallery.count) this.element.append(this.keptImage());
    this.lookAround = atMostEvery(SEARCH_MS, () => this.showNearest());
    this.asked = performance.now();
    // What nobody sees is not computed: some modes hide the card, some are scrolled to below it.
    this.watching = new IntersectionObserver((entries) => {
      this.seen = entries.at(-1).isIntersecting;
      if (this.seen) this.look();
    });
    this.watching.observe(standing);
  }

  keptImage() {
    const { imageShape } = this.gallery;
    this.original = new Picture(imageShape, {
      'data-testid': 'aeviz-original',
      'aria-label': 'Original image',
    });
    this.reconstruction = new Picture(imageShape, {
      'data-testid': 'aeviz-reconstruction',
      'aria-label': 'Its reconstruction',
    });
    this.heading = h('h2', { class: 'aeviz-bar' });
    this.error = h('p', {
      class: 'aeviz-muted aeviz-fine',
      title: 'Mean squared error per pixel, on the scale of 0 to 1',
    });
    return h(
      'div',
      { class: 'aeviz-side-kept', 'aria-live': 'polite' },
      this.heading,
      h(
        'div',
        { class: 'aeviz-pair' },
        h('figure', {}, this.original.canvas, h('figcaption', {}, 'Original')),
        h('figure', {}, this.reconstruction.canvas, h('figcaption', {}, 'Reconstruction')),
      ),
      this.error,
    );
  }

  /** The code on the screen: follows every move. */
  showCode(z) {
    this.z = z;
    this.bars.draw(z);
    this.code.hidden = z.length > 3; // of more, the sliders tell the numbers
    if (!this.code.hidden) {
      this.code.textContent = `z = (${[...z].map((value) => value.toFixed(2).replace('-', '−')).join(', ')})`;
    }
    this.look();
  }

  /**
   * Show image `index`, or where it is null the image whose code is nearest to z.
   * @param {number | null} index
   * @param {Float32Array} z  the kept code
   * @param {import('./socket.js').LiveClient} client
   */
  async show(index, z, client) {
    const { gallery } = this;
    this.own = index;
    this.bars.describe(z);
    if (this.client !== client) {
      this.client = client;
      this.look();
    }
    if (!gallery.count) return;
    const exact = index !== null;
    const shown = exact ? index : this.search.find(z, 1).indices[0];
    this.heading.replaceChildren(exact ? 'Kept image' : 'Nearest to kept', ...this.className(shown));
    this.heading.title = exact ? '' : 'The gallery image whose code is nearest to the place you kept';
    if (shown === this.index) return;
    this.index = shown;
    await gallery.sprite.draw(this.original.canvas, shown);
    const pixels = await client.decode(codeOf(gallery, shown));
    if (shown !== this.index) return; // another point was clicked meanwhile
    this.reconstruction.draw(pixels);
    const error = meanSquaredError(this.original.read(), pixels);
    this.error.textContent = `They differ by ${error.toPrecision(2)} (MSE)`;
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

  /** Search again around the code on the screen; a millisecond for 10,000 codes. */
  showNearest() {
    if (!this.z) return;
    let nearest;
    if (this.search) {
      const { indices, distance } = this.search.find(this.z, this.images.thumbs.length, this.own);
      this.images.show(indices);
      nearest = distance;
    }
    this.meter.show(this.z, { nearest, ...this.knownReturn() });
  }

  /** What came back from a place holds for its neighbourhood, and is forgotten beyond. */
  knownReturn() {
    const { came } = this;
    const near = came && this.search.between(this.z, came.z) <= this.gallery.typical.nearest_p95;
    return near ? came.readings : { image: undefined, code: undefined };
  }

  /** Decode the code on the screen, encode the image, decode again: what comes back? */
  async showReturn() {
    const { z, client, gallery } = this;
    if (!z || !client || !gallery.typical) return;
    this.asked = performance.now();
    const pixels = await client.decode(z);
    const back = await client.encode(Float32Array.from(pixels, (value) => value / 255));
    if (this.client !== client) return; // closed meanwhile
    const image = meanSquaredError(pixels, back.pixels);
    this.came = { z, readings: { image, code: this.search.between(z, back.code) } };
    this.meter.show(this.z, this.knownReturn());
  }

  className(index) {
    const label = this.gallery.labels[index];
    const name = this.gallery.classNames[label];
    if (name === undefined) return [];
    const style = `--class: ${this.colours[label % this.colours.length]}`;
    return [h('span', { class: 'aeviz-badge', style }, name)];
  }
}
