/** The film strip: a person's photos with their progress, and the samples. */

import { h } from '../../static/dom.js';
import { icon } from '../../static/icons.js';
import { session } from './session.js';

const MARGIN = 12;

export class Strip {
  /** @param {{choose: () => void, shoot: () => void}} ways  to add photos */
  constructor({ choose, shoot }) {
    /** @type {Map<number, Frame>} */
    this.frames = new Map();
    /** The photo that was last scrolled into view. @type {import('./photos.js').Photo | null} */
    this.revealed = null;
    this.invitation = h(
      'div',
      { class: 'dr-invite' },
      icon('photo'),
      h('span', { class: 'dr-mouse' }, 'Drop or paste photos, or'),
      h('span', { class: 'dr-touch' }, 'Your own photos'),
      h(
        'button',
        { type: 'button', class: 'aeviz-primary', 'data-testid': 'aeviz-choose', onclick: choose },
        'Choose',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'dr-sign',
          'data-testid': 'aeviz-camera',
          title: 'Take a photo',
          'aria-label': 'Take a photo',
          onclick: shoot,
        },
        icon('camera'),
      ),
    );
    this.add = h(
      'button',
      {
        type: 'button',
        class: 'dr-add',
        title: 'Add photos: choose, drop or paste them',
        'aria-label': 'Add photos',
        'data-testid': 'aeviz-add',
        onclick: choose,
      },
      icon('add'),
    );
    this.shoot = h(
      'button',
      {
        type: 'button',
        class: 'dr-add',
        title: 'Take a photo',
        'aria-label': 'Take a photo',
        onclick: shoot,
      },
      icon('camera'),
    );
    this.own = h('div', {
      class: 'dr-frames',
      role: 'group',
      'aria-label': 'Your photos',
      'data-testid': 'aeviz-photos',
    });
    this.samples = h('div', {
      class: 'dr-frames',
      role: 'group',
      'aria-label': 'Samples',
      'data-testid': 'aeviz-samples',
    });
    this.named = h('span', { class: 'dr-named' }, 'Samples');
    this.element = h(
      'div',
      {
        class: 'dr-strip',
        onkeydown: (event) => this.step(event),
        onwheel: (event) => {
          if (event.deltaX || this.element.scrollWidth <= this.element.clientWidth) return;
          this.element.scrollLeft += event.deltaY; // a wheel that only scrolls vertically
          event.preventDefault();
        },
      },
      this.invitation,
      this.add,
      this.shoot,
      this.own,
      this.named,
      this.samples,
    );
  }

  update() {
    this.invitation.hidden = session.photos.length > 0;
    this.add.hidden = this.shoot.hidden = !session.photos.length;
    this.fill(this.own, session.photos);
    this.fill(this.samples, session.samples);
    this.named.hidden = !session.samples.length;
    this.reveal();
    const kept = new Set(session.all.map(({ key }) => key));
    for (const key of this.frames.keys()) if (!kept.has(key)) this.frames.delete(key);
  }

  /** Scroll the current photo into view; scrollIntoView would also move the page and the focus. */
  reveal() {
    if (this.revealed === session.shown) return;
    this.revealed = session.shown;
    requestAnimationFrame(() => {
      const cell = this.frames.get(session.shown?.key ?? 0)?.element.getBoundingClientRect();
      const strip = this.element.getBoundingClientRect();
      if (!cell) return;
      const beyond =
        Math.max(0, cell.right + MARGIN - strip.right) || Math.min(0, cell.left - MARGIN - strip.left);
      this.element.scrollLeft += beyond;
    });
  }

  /** @param {HTMLElement} row @param {import('./photos.js').Photo[]} photos */
  fill(row, photos) {
    const elements = photos.map((photo) => {
      const frame = this.frames.get(photo.key) ?? new Frame(photo);
      this.frames.set(photo.key, frame);
      frame.update();
      return frame.element;
    });
    const same =
      elements.length === row.children.length && elements.every((one, i) => one === row.children[i]);
    if (!same) row.replaceChildren(...elements);
  }

  /** Arrow keys move from photo to photo. @param {KeyboardEvent} event */
  step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const { all } = session;
    const next = all[(session.shown ? all.indexOf(session.shown) : -1) + by];
    if (next) {
      session.show(next);
      this.frames.get(next.key)?.button.focus();
    }
    event.preventDefault();
  }
}

class Frame {
  /** @param {import('./photos.js').Photo} photo */
  constructor(photo) {
    this.photo = photo;
    this.shows = ''; // the state that was last drawn
    this.image = h('img', { alt: '', draggable: 'false' });
    this.sign = h('span', { class: 'dr-state' });
    this.bar = h('i', { class: 'dr-bar' });
    this.button = h(
      'button',
      {
        type: 'button',
        class: 'dr-frame',
        onclick: () => session.show(photo),
        'data-testid': photo.sample ? `aeviz-sample-${photo.sample.name}` : 'aeviz-photo',
      },
      this.image,
      this.sign,
      this.bar,
    );
    this.element = h(
      'div',
      { class: 'dr-cell' },
      this.button,
      photo.sample
        ? null
        : h(
            'button',
            {
              type: 'button',
              class: 'dr-remove',
              title: `Remove ${photo.name}`,
              'aria-label': `Remove ${photo.name}`,
              'data-testid': 'aeviz-remove',
              onclick: () => session.remove(photo),
            },
            icon('close'),
          ),
    );
  }

  update() {
    const { photo, button } = this;
    const { state, share, text } = how(photo);
    const now = `${state} ${share} ${text} ${photo.thumb} ${session.shown === photo}`;
    if (now === this.shows) return; // up to two hundred of them are updated at every change
    this.shows = now;
    if (photo.thumb && this.image.src !== photo.thumb) this.image.src = photo.thumb;
    this.image.hidden = !photo.thumb;
    const current = session.shown === photo;
    button.setAttribute('aria-current', String(current));
    button.dataset.state = state;
    button.title = `${photo.title}${text ? `: ${text}` : ''}`;
    button.setAttribute('aria-label', button.title);
    this.bar.hidden = share === null;
    this.bar.style.setProperty('--share', String(share ?? 0));
    this.sign.replaceChildren(...(state === 'done' || state === 'failed' ? [icon(state)] : []));
  }
}

/**
 * The progress of a photo.
 * @param {import('./photos.js').Photo} photo
 * @returns {{state: string, share: number | null, text: string}}
 */
function how(photo) {
  const variant = session.variantOf(photo);
  if (photo.sample && variant.state === 'waiting' && session.shown !== photo)
    return { state: 'idle', share: null, text: '' };
  if (variant.state === 'failed') return { state: 'failed', share: null, text: variant.error };
  if (variant.state === 'waiting') return { state: 'waiting', share: null, text: 'waiting to be sent' };
  if (variant.state === 'sending') return { state: 'sending', share: 0.3 * variant.sent, text: 'being sent' };
  const job = variant.job(session.task.name, 'ours');
  if (!job) return { state: 'idle', share: null, text: '' };
  if (job.state === 'working')
    return { state: 'working', share: 0.3 + 0.7 * job.share, text: 'being restored' };
  if (job.state === 'failed') return { state: 'failed', share: null, text: job.error };
  return { state: job.state, share: null, text: job.state };
}
