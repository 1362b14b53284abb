/**
 * A slot that holds one code: from the map, the gallery, a picture of one's own or a drawing. It
 * shows where the code came from and, once its owner has decoded it, what the model makes of it.
 */

import { Picture } from './canvas.js';
import { h } from './dom.js';
import { DrawingPad } from './draw.js';
import { followDrawing, toBytes } from './follow.js';
import { codeOf, nearest } from './gallery.js';
import { PhotoEditor } from './photo_editor.js';
import { writeCode } from './state.js';
import { button, fileButton, takeDrops } from './toolbar.js';
import { invert, readPicture } from './upload.js';

const ANY = 'any';

export class Slot {
  /**
   * @param {import('./modes.js').Stage} stage
   * @param {{id: string, sign: string}} options  `sign` is drawn as its letter
   * @param {{onFill: (slot: Slot, time: number) => void, onArm: (slot: Slot) => void}} listener
   */
  constructor(stage, { id, sign }, listener) {
    Object.assign(this, { stage, id, listener });
    const { gallery } = stage;
    this.z = null;
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
        'aria-pressed': false,
        'data-testid': `aeviz-slot-${id}-map`,
      },
    );
    const read = (file, time) => this.read(file, time);
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
        this.fromPhoto(),
        this.fromPad(),
      ),
      this.note,
    );
    takeDrops(this.element, read);
  }

  /**
   * Take this code.
   * @param {Float32Array} z
   * @param {{point?: number | null, image?: Uint8Array | null, what?: string, note?: string,
   *   photo?: import('./photo.js').Photo | null}} [source]
   *   the gallery image or the H * W * C bytes that it is the code of, words for it, and the photo it
   *   was found in
   */
  fill(z, { point = null, image = null, what = '', note = '', photo = null } = {}, time = performance.now()) {
    const { gallery } = this.stage;
    this.z = z;
    this.element.toggleAttribute('data-bare', point === null && !image);
    if (image) this.original.draw(image);
    else if (point !== null) gallery.sprite.draw(this.original.canvas, point);
    this.what.textContent =
      what || (point === null ? 'a place' : (gallery.classNames[gallery.labels[point]] ?? 'an image'));
    this.note.replaceChildren(note);
    this.photo.hidden = !photo;
    this.listener.onFill(this, time);
  }

  /** Take a code of which only the numbers are known: a link's. */
  restore(z) {
    const { gallery } = this.stage;
    const point = gallery.count ? nearest(gallery, z) : -1;
    const same = point >= 0 && writeCode(codeOf(gallery, point)) === writeCode(z);
    this.fill(same ? codeOf(gallery, point) : z, { point: same ? point : null });
  }

  /** Take a random gallery image of a class, or of any. @param {number | null} label */
  draw(label, time = performance.now()) {
    const point = randomPoint(this.stage.gallery, label);
    if (point !== null) this.fill(codeOf(this.stage.gallery, point), { point }, time);
  }

  /** Show the slot as the one that takes the next place on the map. */
  arm(armed) {
    this.map.setAttribute('aria-pressed', armed);
    this.element.toggleAttribute('data-armed', armed);
    if (armed) this.note.replaceChildren('Now click the map.');
    else if (this.note.textContent === 'Now click the map.') this.note.replaceChildren();
  }

  fromGallery() {
    const { gallery } = this.stage;
    const names = gallery.classNames.length > 1 ? gallery.classNames : [];
    this.select = h(
      'select',
      {
        class: 'aeviz-select',
        'aria-label': 'Class to take a gallery image from',
        'data-testid': `aeviz-slot-${this.id}-class`,
        onchange: (event) => this.draw(this.label, event.timeStamp),
      },
      h('option', { value: ANY }, names.length ? 'Any class' : 'Gallery'),
      ...names.map((name, label) => h('option', { value: label }, name)),
    );
    return h(
      'div',
      { class: 'aeviz-slot-row' },
      this.select,
      button('Another', 'Another image from the gallery', (event) => this.draw(this.label, event.timeStamp), {
        'data-testid': `aeviz-slot-${this.id}-another`,
      }),
    );
  }

  get label() {
    return this.select.value === ANY ? null : Number(this.select.value);
  }

  async read(file, time) {
    try {
      const fitted = await readPicture(file, this.stage.gallery);
      this.editor.open(fitted.photo);
      await this.encode(fitted, time);
    } catch (error) {
      this.note.replaceChildren(error.message);
    }
  }

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
    const turn = button('Invert', 'Turn light and dark round', (event) => {
      invert(fitted.image);
      this.encode({ ...fitted, note: '' }, event.timeStamp);
    });
    this.note.append(' ', turn);
  }

  /** The uploaded photo with its frame, on a sheet that a button opens. */
  fromPhoto() {
    this.editor = new PhotoEditor(
      this.stage.gallery,
      {
        onRead: (fitted, time) =>
          this.encode(fitted, time).catch((error) => this.note.replaceChildren(error.message)),
        onFailure: (sentence) => this.note.replaceChildren(sentence),
      },
      this.stage.signal,
    );
    this.photo = this.sheet(
      { text: 'Frame', title: 'Correct the frame around the digit', id: 'photo' },
      () => [this.editor.element],
    );
    this.photo.hidden = true;
    this.photo.querySelector('.aeviz-padsheet').classList.add('aeviz-photosheet');
    return this.photo;
  }

  fromPad() {
    const { client, gallery, signal } = this.stage;
    const follow = followDrawing(
      client,
      ({ code, drawn, time }) => this.fill(code, { image: drawn, what: 'your drawing' }, time),
      signal,
    );
    return this.sheet({ text: 'Draw', title: 'Draw an image', id: 'draw' }, () => [
      new DrawingPad(gallery.imageShape, follow, { centre: gallery.handwriting }).element,
    ]);
  }

  /** A button that opens a sheet, which is filled by `content` when it first opens. */
  sheet({ text, title, id }, content) {
    const { signal } = this.stage;
    const sheet = h('div', { class: 'aeviz-padsheet', hidden: true });
    const show = (open) => {
      // One source at a time.
      if (open && this.element.hasAttribute('data-armed')) this.listener.onArm(this);
      if (open && !sheet.firstChild)
        sheet.append(
          ...content(),
          button('Done', 'Close', () => show(false)),
        );
      sheet.hidden = !open;
      toggle.setAttribute('aria-expanded', open);
    };
    const toggle = button(text, title, () => show(sheet.hidden), {
      'aria-expanded': false,
      'data-testid': `aeviz-slot-${this.id}-${id}`,
    });
    sheet.onkeydown = (event) => {
      if (event.key !== 'Escape') return;
      show(false);
      toggle.focus();
    };
    document.addEventListener(
      'pointerdown',
      (event) => {
        if (!sheet.hidden && !sheet.contains(event.target) && event.target !== toggle) show(false);
      },
      { signal },
    );
    return h('span', { class: 'aeviz-padplace' }, toggle, sheet);
  }
}

/**
 * The slots of a mode: one at a time takes places from the map, and their codes are kept in the
 * address, each under its own id.
 */
export class Slots {
  /**
   * @param {import('./modes.js').Stage} stage
   * @param {{id: string, sign: string}[]} list
   * @param {(slot: Slot, time: number) => void} onChange  called after a slot has got another code
   */
  constructor(stage, list, onChange) {
    this.stage = stage;
    this.armed = null;
    const listener = {
      onFill: (slot, time) => {
        stage.state.remember({ [slot.id]: writeCode(slot.z) });
        onChange(slot, time);
      },
      onArm: (slot) => this.arm(slot === this.armed ? null : slot),
    };
    this.list = list.map((options) => new Slot(stage, options, listener));
  }

  arm(slot) {
    this.armed?.arm(false);
    this.armed = slot;
    slot?.arm(true);
  }

  /** The code that stays has been moved by hand: the slot that waits for it takes it. */
  take({ z, point }, time) {
    this.armed?.fill(z, { point }, time);
    return this.armed;
  }
}

/**
 * A random image of a class; of any where `label` is null. Null where there is none.
 * @param {import('./gallery.js').Gallery} gallery
 * @param {number | null} label
 * @param {number | null} [except]  an image that is not to be taken
 */
export function randomPoint({ labels, count }, label, except = null) {
  const chosen = [...Array(count).keys()].filter(
    (i) => i !== except && (label === null || labels[i] === label),
  );
  return chosen.length ? chosen[Math.floor(chosen.length * Math.random())] : null;
}
