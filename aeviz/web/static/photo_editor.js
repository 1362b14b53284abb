/** A person's photo with its frame, if there is one: when the frame changes, it is read again. */

import { h } from './dom.js';
import { newestOnly } from './follow.js';
import { PhotoFrame } from './photo_frame.js';
import { messageOf } from './status.js';
import { NO_INK, readFrame } from './upload.js';

/** @import { Frame, Photo } from './photo.js' */
/** @typedef {{photo: Photo, frame: Frame | null, time: number}} Framed */

export class PhotoEditor {
  /**
   * @param {import('./gallery.js').Gallery} gallery
   * @param {{onRead: (fitted: import('./upload.js').Fitted, time: number) => void,
   *   onFailure: (sentence: string) => void}} listener
   * @param {AbortSignal} signal
   */
  constructor(gallery, { onRead, onFailure }, signal) {
    this.element = h('div', { class: 'aeviz-photo-editor', hidden: true });
    /** @type {Photo | null} */
    this.photo = null;
    this.address = '';
    this.read = newestOnly(async (/** @type {Framed} */ { photo, frame, time }) => {
      try {
        const fitted = await readFrame(gallery, photo, frame);
        if (signal.aborted || photo !== this.photo) return;
        if (fitted) onRead(fitted, time);
        else onFailure(NO_INK);
      } catch (failure) {
        if (!signal.aborted) onFailure(messageOf(failure));
      }
    });
  }

  /** Show a photo, or none. @param {Photo | null} photo */
  open(photo) {
    if (this.address) URL.revokeObjectURL(this.address);
    this.photo = photo;
    this.address = photo ? URL.createObjectURL(photo.blob) : '';
    this.element.hidden = !photo;
    if (!photo) {
      this.element.replaceChildren();
      return;
    }
    const framed = new PhotoFrame({ ...photo, src: this.address }, (frame, time) =>
      this.read({ photo, frame, time }),
    );
    this.element.replaceChildren(h('h4', { class: 'aeviz-bar' }, 'Your photo'), framed.element);
  }
}
