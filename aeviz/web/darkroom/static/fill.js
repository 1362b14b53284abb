/** Fill: a brush to mark what should be removed. */

import { h } from '../../static/dom.js';
import { asProblem, putBlob } from './api.js';
import { changeDamage } from './damage.js';
import { Range } from './range.js';
import { session } from './session.js';
import { sign } from './tools.js';

const UNSURE =
  'Nearly all of the photo is painted over, and little is left to fill it from: erase some paint, or press Fill again.';

export class Fill {
  /** @param {import('./stage.js').Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** The last stroke when the server asked to confirm a large mask. @type {import('./mask.js').Stroke | null} */
    this.unsure = null;
    /** What the error is about. @type {import('./photos.js').Variant | null} */
    this.errorOf = null;
    const brush = (/** @type {boolean} */ erase) => {
      if (!session.shown) return;
      // Added holes have their own mask; strokes belong to the photo itself.
      if (session.shown.adds)
        changeDamage((photo) => {
          photo.adds = false;
        });
      const same = session.look.painting && stage.brush.erase === erase;
      stage.brush.erase = erase;
      session.set({ painting: !same });
    };
    const change = (/** @type {'undo' | 'clear'} */ name) => () => {
      session.shown?.mask?.[name]();
      session.set({ painting: true });
    };
    this.paint = sign('brush', 'Paint over what to remove', () => brush(false), 'aeviz-paint');
    this.erase = sign('erase', 'Erase paint', () => brush(true), 'aeviz-erase');
    this.undo = sign('undo', 'Undo the last stroke', change('undo'), 'aeviz-undo');
    this.clear = sign('clear', 'Erase all paint', change('clear'), 'aeviz-clear');
    this.size = new Range({
      label: 'Brush',
      testid: 'aeviz-brush',
      onInput: (value) => {
        stage.brush.size = value;
        this.size.show(value, String(value));
        stage.draw();
      },
    });
    this.size.within({ low: 4, high: 120 });
    this.size.show(stage.brush.size, String(stage.brush.size));
    this.go = h(
      'button',
      {
        type: 'button',
        class: 'aeviz-primary',
        'data-testid': 'aeviz-fill',
        onclick: () => this.send(),
      },
      'Fill',
    );
    this.error = h('p', { class: 'dr-error', role: 'alert', hidden: true });
    this.element = h(
      'section',
      { class: 'dr-fill' },
      h(
        'div',
        { class: 'dr-brushes', role: 'group', 'aria-label': 'Brush' },
        this.paint,
        this.erase,
        this.undo,
        this.clear,
        this.go,
      ),
      this.size.element,
      this.error,
    );
  }

  update() {
    const { task, shown, look } = session;
    this.element.hidden = !task.mask;
    if (!task.mask) return;
    const mask = shown?.mask;
    if (this.errorOf !== session.variant) this.fail('');
    this.paint.setAttribute('aria-pressed', String(look.painting && !this.stage.brush.erase));
    this.erase.setAttribute('aria-pressed', String(look.painting && this.stage.brush.erase));
    this.paint.disabled = this.erase.disabled = !shown;
    this.undo.disabled = this.clear.disabled = !mask?.strokes.length;
    this.go.disabled = !mask || mask.empty || session.variant?.state !== 'ready';
  }

  /** Send the mask and fill the holes. */
  async send() {
    const { shown: photo, variant } = session;
    const mask = photo?.mask;
    if (!mask || !variant?.info) return;
    const { id } = variant.info;
    const last = mask.strokes.at(-1) ?? null;
    const sure = this.unsure === last ? 1 : null;
    this.unsure = null;
    this.fail('');
    try {
      await putBlob(`photos/${id}/mask`, await mask.png(), { sure });
      mask.sent = id;
      for (const method of ['ours', session.look.right]) {
        if (method === 'ours' || (method !== 'before' && session.job(method))) session.run(method, variant);
      }
      session.set({ painting: false });
    } catch (thrown) {
      const error = asProblem(thrown);
      if (error.kind === 'gone') session.renew(variant);
      if (error.kind === 'unsure') this.unsure = last;
      this.fail(error.kind === 'unsure' ? UNSURE : error.message, variant);
    }
  }

  /** @param {string} sentence */
  fail(sentence, variant = session.variant) {
    this.errorOf = variant;
    this.error.hidden = !sentence;
    this.error.textContent = sentence;
  }
}
