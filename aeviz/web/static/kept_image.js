/** The kept image beside its reconstruction, and their difference. */

import { meanSquaredError, Picture } from './canvas.js';
import { h } from './dom.js';
import { codeOf } from './gallery.js';

/** @import { Gallery } from './gallery.js' */
/** @import { LiveClient } from './socket.js' */

export class KeptImage {
  /** @param {Gallery} gallery @param {string[]} colours */
  constructor(gallery, colours) {
    this.gallery = gallery;
    this.colours = colours;
    /** The image's index in the gallery. @type {number | null} */
    this.index = null;
    this.original = new Picture(gallery.imageShape, {
      'data-testid': 'aeviz-original',
      'aria-label': 'Original image',
    });
    this.reconstruction = new Picture(gallery.imageShape, {
      'data-testid': 'aeviz-reconstruction',
      'aria-label': 'Its reconstruction',
    });
    this.heading = h('h2', { class: 'aeviz-bar' });
    this.error = h('p', {
      class: 'aeviz-muted aeviz-fine',
      title: 'Mean squared error per pixel, on the scale of 0 to 1',
    });
    this.element = h(
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

  /**
   * @param {number} index  the image in the gallery
   * @param {boolean} exact  whether its code is the kept one, or only the nearest to it
   * @param {LiveClient} client
   */
  async show(index, exact, client) {
    const { gallery } = this;
    this.heading.replaceChildren(exact ? 'Kept image' : 'Nearest to kept', ...this.className(index));
    this.heading.title = exact ? '' : 'The gallery image whose code is nearest to the place you kept';
    if (index === this.index) return;
    this.index = index;
    await gallery.sprite?.draw(this.original.canvas, index);
    const pixels = await client.decode(codeOf(gallery, index));
    if (index !== this.index) return; // another point was clicked meanwhile
    this.reconstruction.draw(pixels);
    const error = meanSquaredError(this.original.read(), pixels);
    this.error.textContent = `They differ by ${error.toPrecision(2)} (MSE)`;
  }

  /** @param {number} index */
  className(index) {
    const label = this.gallery.labels[index];
    const name = this.gallery.classNames[label];
    if (name === undefined) return [];
    const style = `--class: ${this.colours[label % this.colours.length]}`;
    return [h('span', { class: 'aeviz-badge', style }, name)];
  }
}
