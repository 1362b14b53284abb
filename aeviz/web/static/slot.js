/**
 * A slot for one code: from the map, the gallery, a picture of one's own or a drawing. It
 * shows the source of the code and, once its owner has decoded it, the reconstruction.
 */

import { Picture } from './canvas.js';
import { h } from './dom.js';
import { DrawingPad } from './draw.js';
import { followDrawing, toBytes } from './follow.js';
import { codeOf, nearest, randomPoint } from './gallery.js';
import { PhotoEditor } from './photo_editor.js';
import { sheetButton } from './slot_sheet.js';
import { writeCode } from './state.js';
import { messageOf } from './status.js';
import { button, fileButton, takeDrops } from './toolbar.js';
import { invert, readPicture } from './upload.js';

/** @import { Stage } from './modes.js' */
/** @import { Photo } from './photo.js' */
/** @import { Fitted } from './upload.js' */

/**
 * @typedef {{point?: number | null, image?: Uint8Array | null, what?: string, note?: string,
 *   photo?: Photo | null}} Source
 *   the gallery image or the H * W * C bytes of a code, its description, and the photo that it was
 *   found in
 * @typedef {{onFill: (slot: Slot, time: number) => void, onArm: (slot: Slot) => void}} SlotListener
 */

const ANY = 'any';
const ARMED = 'Now click the map.';

export class Slot {
  /**
   * @param {Stage} stage
   * @param {{id: string, sign: string}} options  `sign` is its letter
   * @param {SlotListener} listener
   */
  constructor(stage, { id, sign }, listener) {
    this.stage = stage;
    this.id = id;
    this.listener = listener;
    const { gallery } = stage;
    /** Empty until the slot is filled. @type {Float32Array} */
    this.z = new Float32Array(0);
    this.original = new Picture(gallery.imageShape, { 'aria-label': `${sign}: original` });
    this.decoded = new Picture(gallery.imageShape, {
      'aria-label': `${sign}: decoded`,
      'data-testid': `aeviz-slot-${id}-decoded`,
    });
    this.what = h('span', { class: 'aeviz-muted aeviz-slot-what' });
    this.note = h('p', {
      class: 'aeviz-muted aeviz-slot-note',
      role: 'status',
      'data-testid': `aeviz-slot-${id}-note`,
    });
    this.map = button(
      'Map',
      'Then click or drag on the map: that place comes here',
      () => listener.onArm(this),
      {
        'aria-pressed': 'false',
        'data-testid': `aeviz-slot-${id}-map`,
      },
    );
    const read = (/** @type {File} */ file, /** @type {number} */ time) => this.read(file, time);
    const { editor, photo } = this.fromPhoto();
    this.editor = editor;
    this.photo = photo;
    const upload = fileButton({ testid: `aeviz-slot-${id}-file`, onFile: read });
    this.element = h(
      'section',
      {
        class: 'aeviz-slot',
        'data-testid': `aeviz-slot-${id}`,
        'aria-label': sign,
      },
      h('div', { class: 'aeviz-slot-head' }, h('span', { class: 'aeviz-letter' }, sign), this.what),
      h(
        'div',
        { class: 'aeviz-pair' },
        h('figure', {}, this.original.canvas, h('figcaption', {}, 'Original')),
        h('figure', {}, this.decoded.canvas, h('figcaption', {}, 'Decoded')),
      ),
      gallery.count ? this.fromGallery() : null,
      h(
        'div',
        { class: 'aeviz-slot-row' },
        stage.map ? this.map : null,
        ...upload,
        this.photo,
        this.fromPad(),
      ),
      this.note,
    );
    takeDrops(this.element, read);
  }

  /**
   * Set the code.
   * @param {Float32Array} z
   * @param {Source} [source]
   */
  fill(z, { point = null, image = null, what = '', note = '', photo = null } = {}, time = performance.now()) {
    const { gallery } = this.stage;
    this.z = z;
    this.element.toggleAttribute('data-bare', point === null && !image);
    if (image) this.original.draw(image);
    else if (point !== null) gallery.sprite?.draw(this.original.canvas, point);
    this.what.textContent =
      what || (point === null ? 'a place' : (gallery.classNames[gallery.labels[point]] ?? 'an image'));
    this.note.replaceChildren(note);
    this.photo.hidden = !photo;
    this.listener.onFill(this, time);
  }

  /** Whether it has a code. */
  get filled() {
    return this.z.length > 0;
  }

  /** Set a code that has only numbers, from a link. @param {Float32Array} z */
  restore(z) {
    const { gallery } = this.stage;
    const point = gallery.count ? nearest(gallery, z) : -1;
    const same = point >= 0 && writeCode(codeOf(gallery, point)) === writeCode(z);
    this.fill(same ? codeOf(gallery, point) : z, { point: same ? point : null });
  }

  /** Set a random gallery image of a class, or of any class. @param {number | null} label */
  draw(label, time = performance.now()) {
    const point = randomPoint(this.stage.gallery, label);
    if (point !== null) this.fill(codeOf(this.stage.gallery, point), { point }, time);
  }

  /** Mark the slot as the one for the next place on the map. @param {boolean} armed */
  arm(armed) {
    this.map.setAttribute('aria-pressed', String(armed));
    this.element.toggleAttribute('data-armed', armed);
    if (armed) this.note.replaceChildren(ARMED);
    else if (this.note.textContent === ARMED) this.note.replaceChildren();
  }

  fromGallery() {
    const { gallery } = this.stage;
    const names = gallery.classNames.length > 1 ? gallery.classNames : [];
    /** @type {HTMLSelectElement} */
    const select = h(
      'select',
      {
        class: 'aeviz-select',
        'aria-label': 'Class to take a gallery image from',
        'data-testid': `aeviz-slot-${this.id}-class`,
        onchange: (event) => this.draw(label(), event.timeStamp),
      },
      h('option', { value: ANY }, names.length ? 'Any class' : 'Gallery'),
      ...names.map((name, label) => h('option', { value: label }, name)),
    );
    /** @returns {number | null} */
    const label = () => (select.value === ANY ? null : Number(select.value));
    return h(
      'div',
      { class: 'aeviz-slot-row' },
      select,
      button('Another', 'Another image from the gallery', (event) => this.draw(label(), event.timeStamp), {
        'data-testid': `aeviz-slot-${this.id}-another`,
      }),
    );
  }

  /** @param {File} file @param {number} time */
  async read(file, time) {
    try {
      const fitted = await readPicture(file, this.stage.gallery);
      this.editor.open(fitted.photo);
      await this.encode(fitted, time);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Show an error. @param {unknown} error */
  fail(error) {
    this.note.replaceChildren(messageOf(error));
  }

  /** @param {Fitted} fitted @param {number} time */
  async encode(fitted, time) {
    const { client, gallery, signal } = this.stage;
    const { code } = await client.encode(fitted.image);
    if (signal.aborted) return;
    this.fill(
      code,
      { image: toBytes(fitted.image), what: 'your picture', note: fitted.note, photo: fitted.photo },
      time,
    );
    if (gallery.imageShape[0] > 1 || fitted.photo) return;
    const turn = button('Invert', 'Invert light and dark', (event) => {
      invert(fitted.image);
      this.encode({ ...fitted, note: '' }, event.timeStamp);
    });
    this.note.append(' ', turn);
  }

  /** The uploaded photo with its frame, in a sheet that a button opens. */
  fromPhoto() {
    const editor = new PhotoEditor(
      this.stage.gallery,
      {
        onRead: (fitted, time) => this.encode(fitted, time).catch((error) => this.fail(error)),
        onFailure: (sentence) => this.note.replaceChildren(sentence),
      },
      this.stage.signal,
    );
    const { element, sheet } = this.sheet('photo', 'Frame', 'Correct the frame around the digit', () => [
      editor.element,
    ]);
    element.hidden = true;
    sheet.classList.add('aeviz-photosheet');
    return { editor, photo: element };
  }

  fromPad() {
    const { client, gallery, signal } = this.stage;
    const follow = followDrawing(
      client,
      ({ code, drawn, time }) => this.fill(code, { image: drawn, what: 'your drawing' }, time),
      signal,
    );
    const content = () => [
      new DrawingPad(gallery.imageShape, follow, { centre: gallery.handwriting }).element,
    ];
    return this.sheet('draw', 'Draw', 'Draw an image', content).element;
  }

  /** @param {string} id @param {string} text @param {string} title @param {() => HTMLElement[]} content */
  sheet(id, text, title, content) {
    const onOpen = () => {
      // only one source at a time
      if (this.element.hasAttribute('data-armed')) this.listener.onArm(this);
    };
    const testid = `aeviz-slot-${this.id}-${id}`;
    return sheetButton({ text, title, testid, onOpen }, content, this.stage.signal);
  }
}
