/** The other model of Two models: its own map, picture and connection. */

import { Picture } from './canvas.js';
import { connectTo } from './connect.js';
import { h, oncePerFrame } from './dom.js';
import { newestOnly } from './follow.js';
import { codeOf, loadGallery, nearest } from './gallery.js';
import { LatentMap } from './map.js';
import { clearest, codeUnder, projections } from './projection.js';
import { StatusLine } from './status.js';
import { tabs } from './toolbar.js';

/** @import { Gallery } from './gallery.js' */
/** @import { Stage } from './modes.js' */
/** @import { LiveClient } from './socket.js' */
/** @import { Listener } from './state.js' */

/**
 * @typedef {{code: Float32Array, pixels: Uint8Array}} Encoded
 * @typedef {{from: Gallery, z: Float32Array, by: LiveClient, take: (encoded: Encoded) => void}} Wish
 *   encode the image of `from` nearest to `z` with the model of `by`
 */

const WAYS = [
  { id: 'place', label: 'Same place', hint: 'The same code, decoded by both' },
  {
    id: 'image',
    label: 'Same image',
    hint: 'The test image nearest to the pointer, encoded and decoded by each',
  },
];

/** Follows the first model's state. */
export class SecondModel {
  /** @param {Stage} stage @param {string} name */
  static async open(stage, name) {
    return new SecondModel(stage, await loadGallery(name));
  }

  /** @param {Stage} stage @param {Gallery} other */
  constructor({ gallery, colours, state, client }, other) {
    const status = new StatusLine();
    this.first = gallery;
    this.other = other;
    this.state = state;
    this.status = status;
    this.firstClient = client;
    this.closed = false;
    this.pointed = false;
    this.leading = false;
    this.projection = clearest(projections(other));
    this.picture = new Picture(other.imageShape, {
      'data-testid': 'aeviz-canvas-2',
      'aria-label': `Decoded by ${other.name}`,
    });
    this.client = connectTo(other, status, (pixels) => this.picture.draw(pixels));
    this.original = new Picture(gallery.imageShape, { 'aria-label': 'The image that both encode' });
    this.map = !other.count
      ? null
      : new LatentMap(
          { ...other, colours, wheel: true },
          {
            onMove: (x, y, index, time) =>
              this.lead(codeUnder(this.projection, other, { x, y, index }, this.z), false, time),
            onLeave: (time) => {
              this.pointed = false;
              this.state.set({ preview: null }, time);
            },
            onPin: (x, y, index, time) =>
              this.lead(index < 0 ? this.projection.toCode(x, y, this.z) : codeOf(other, index), true, time),
          },
        );
    if (this.map) this.map.element.dataset.testid = 'aeviz-map-2';
    const ways = WAYS.filter(({ id }) =>
      id === 'place' ? other.latentDim === gallery.latentDim : gallery.count,
    );
    // Compare places if both maps show the whole code; for wider codes the image is more informative.
    const usual = gallery.latentDim <= 2 ? 'place' : 'image';
    const wayOf = (/** @type {string} */ id) => ways.find((way) => way.id === id);
    this.way = (wayOf(state.view.params.by) ?? wayOf(usual) ?? ways[0]).id;
    this.tabs = tabs(ways, {
      name: 'What both share',
      testid: 'aeviz-by',
      onChoose: (way) => this.share(way),
    });
    this.note = h('p', { class: 'aeviz-muted' });
    this.shared = h(
      'figure',
      { class: 'aeviz-shared' },
      this.original.canvas,
      h('figcaption', {}, 'The image both encode'),
    );
    /** @type {Float32Array} */
    this.z = other.count ? codeOf(other, 0) : new Float32Array(other.latentDim);
    this.encode = newestOnly((/** @type {Wish} */ wish) => this.answer(wish));
    this.settle = oncePerFrame(() => this.map?.setHandle(...this.projection.toPlace(this.z)));
    this.element = h(
      'div',
      {},
      status.element,
      h(
        'div',
        { class: 'aeviz-explorer' },
        this.map &&
          h('div', { class: 'aeviz-mapside' }, h('div', { class: 'aeviz-mapframe' }, this.map.element)),
        h('figure', { class: 'aeviz-decoded' }, this.picture.canvas),
      ),
      h('div', { class: 'aeviz-bar' }, this.tabs.element, this.shared, this.note),
    );
  }

  start() {
    this.share(this.way);
    this.settle();
    this.map
      ?.start(this.projection.points, this.projection.axes)
      .catch((error) => this.status.show({ kind: 'lost', text: error.message }));
  }

  /** @param {string} way  the common input of both models: the place or the image */
  share(way) {
    this.way = way;
    this.tabs.choose(way);
    this.shared.hidden = way !== 'image';
    this.note.textContent =
      way === 'image'
        ? 'Each model encodes this image and decodes its own code: the same image is at a different place on each map.'
        : 'The same code means something different to each model: compare the gaps between the classes.';
    this.state.remember({ by: way });
    this.follow(this.state.shown, performance.now());
  }

  /** @type {Listener} */
  update(view, patch, time) {
    if ('z' in patch || 'preview' in patch) this.follow(view.preview ?? view.z, time);
  }

  /**
   * The first model is at `z`: show what corresponds to it.
   * @param {Float32Array} z
   * @param {number} time
   */
  follow(z, time) {
    if (this.leading) return; // this map is where the pointer is
    if (this.way === 'place') this.moveTo(z, time);
    else
      this.encode({
        from: this.first,
        z,
        by: this.client,
        take: ({ code, pixels }) => {
          this.z = code;
          this.picture.draw(pixels);
          this.settle();
        },
      });
  }

  /**
   * The pointer is on this model's map, at `z`: show it, and let the first model follow.
   * @param {Float32Array} z
   * @param {boolean} keep
   * @param {number} time
   */
  lead(z, keep, time) {
    this.pointed = true;
    this.moveTo(z, time);
    const take = (/** @type {Float32Array} */ code) => {
      if (!keep && !this.pointed) return; // a reply that came after the pointer had left
      this.leading = true;
      if (keep) this.state.go(code, null, time);
      else this.state.look(code, time);
      this.leading = false;
    };
    if (this.way === 'place') take(z);
    else this.encode({ from: this.other, z, by: this.firstClient, take: ({ code }) => take(code) });
  }

  /** @param {Float32Array} z @param {number} time */
  moveTo(z, time) {
    this.z = z;
    this.client.move(z, time);
    this.settle();
  }

  /** @param {Wish} wish */
  async answer({ from, z, by, take }) {
    await from.sprite?.draw(this.original.canvas, nearest(from, z));
    const pixels = this.original.read();
    const answer = await by.encode(Float32Array.from(pixels, (value) => value / 255));
    if (!this.closed) take(answer);
  }

  close() {
    this.closed = true;
    this.client.close();
    this.map?.destroy();
  }
}
