/** The clicked point: its original, its reconstruction, how far they differ, and its code. */

import { CodeBars } from './bars.js';
import { meanSquaredError, Picture } from './canvas.js';
import { h } from './dom.js';
import { codeOf, nearest } from './gallery.js';

export class PinnedCard {
  /**
   * @param {import('./gallery.js').Gallery} gallery
   * @param {string[]} colours
   */
  constructor(gallery, colours) {
    this.gallery = gallery;
    this.colours = colours;
    this.original = new Picture(gallery.imageShape, {
      'data-testid': 'aeviz-original', 'aria-label': 'Original image',
    });
    this.reconstruction = new Picture(gallery.imageShape, {
      'data-testid': 'aeviz-reconstruction', 'aria-label': 'Its reconstruction',
    });
    this.bars = new CodeBars(gallery.dims);
    this.heading = h('h4', { class: 'aeviz-bar' });
    this.error = h('p', { class: 'aeviz-muted' });
    this.code = h('p', { class: 'aeviz-muted' });
    this.element = h('section', { class: 'aeviz-pinned', 'aria-live': 'polite' },
      this.heading,
      h('div', { class: 'aeviz-pair' },
        h('figure', {}, this.original.canvas, h('figcaption', {}, 'Original')),
        h('figure', {}, this.reconstruction.canvas, h('figcaption', {}, 'Reconstruction'))),
      this.error,
      this.bars.canvas,
      this.code);
    if (!gallery.count) this.element.querySelector('.aeviz-pair').hidden = true;
  }

  /** The code on the screen, as bars: follows every move. */
  showCode(z) {
    this.bars.draw(z);
    this.code.textContent = z.length <= 3
      ? `z = (${[...z].map((value) => value.toFixed(2).replace('-', '−')).join(', ')})`
      : `The code on the screen: ${z.length} numbers`;
  }

  /**
   * Show image `index`, or where it is null the image whose code is nearest to z.
   * @param {import('./socket.js').LiveClient} client
   */
  async show(index, z, client) {
    const { gallery } = this;
    this.bars.describe(z);
    if (!gallery.count) return;
    const exact = index !== null;
    const shown = exact ? index : nearest(gallery, z);
    this.heading.replaceChildren(exact ? 'This image' : 'Nearest image', ...this.className(shown));
    if (shown === this.index) return;
    this.index = shown;
    await gallery.sprite.draw(this.original.canvas, shown);
    const pixels = await client.decode(codeOf(gallery, shown));
    if (shown !== this.index) return; // another point was clicked meanwhile
    this.reconstruction.draw(pixels);
    const error = meanSquaredError(this.original.read(), pixels);
    this.error.textContent = `MSE ${error.toPrecision(2)} per pixel`;
  }

  destroy() {
    this.bars.destroy();
  }

  className(index) {
    const label = this.gallery.labels[index];
    const name = this.gallery.classNames[label];
    if (name === undefined) return [];
    const style = `--class: ${this.colours[label % this.colours.length]}`;
    return [h('span', { class: 'aeviz-badge', style }, name)];
  }
}
