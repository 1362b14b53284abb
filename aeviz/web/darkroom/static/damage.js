/** For clean photos: damage added to them, so that the result can be measured; or a clean original. */

import { h } from '../../static/dom.js';
import { asProblem } from './api.js';
import { amountOf } from './looking.js';
import { Range } from './range.js';
import { session } from './session.js';
import { sign } from './tools.js';

/**
 * Another seed or amount of damage for the current photo, or none: the previous variant is deleted on
 * the server.
 * @param {(photo: import('./photos.js').Photo) => void} change
 */
export function changeDamage(change) {
  const { shown: photo, variant } = session;
  if (!photo || !variant) return;
  change(photo);
  if (session.variantOf(photo) !== variant && variant.added) {
    session.discard(variant);
    for (const [key, kept] of photo.variants) if (kept === variant) photo.variants.delete(key);
  }
  session.attend();
}

export class AddDamage {
  constructor() {
    this.box = h('input', {
      type: 'checkbox',
      role: 'switch',
      'data-testid': 'aeviz-add-damage',
      onchange: () =>
        changeDamage((photo) => {
          photo.adds = this.box.checked;
        }),
    });
    /** What the error is about. @type {import('./photos.js').Variant | null} */
    this.errorOf = null;
    this.label = h('span', {});
    this.range = new Range({
      label: '',
      testid: 'aeviz-amount',
      onInput: (value) => this.range.show(value, this.amount(value)),
      onRelease: (value) => changeDamage(() => session.amounts.set(session.task.damage?.name ?? '', value)),
    });
    this.again = sign(
      'dice',
      'Draw it again',
      () =>
        changeDamage((photo) => {
          photo.seed += 1;
        }),
      'aeviz-seed',
    );
    this.row = h('div', { class: 'dr-amount' }, this.range.element, this.again);
    this.input = h('input', {
      type: 'file',
      accept: 'image/*,.tif,.tiff',
      hidden: true,
      'data-testid': 'aeviz-reference',
      onchange: () => {
        const file = this.input.files?.[0];
        this.input.value = '';
        if (file) this.measure(file);
      },
    });
    this.original = h(
      'button',
      {
        type: 'button',
        class: 'aeviz-quiet',
        'data-testid': 'aeviz-original',
        title: 'The same photo without its damage: then PSNR and SSIM can be computed',
        onclick: () => this.input.click(),
      },
      'Compare with a clean original',
    );
    this.error = h('p', { class: 'dr-error', role: 'alert', hidden: true });
    this.element = h(
      'section',
      {},
      h('label', { class: 'dr-switch' }, this.label, this.box),
      this.row,
      this.original,
      this.input,
      this.error,
    );
  }

  /** @param {number} value */
  amount(value) {
    const unit = session.task.damage?.unit ?? '';
    if (unit.startsWith('σ')) return `σ ${value}`;
    return unit ? `${value} ${unit}` : String(value);
  }

  update() {
    const { shown: photo, variant, task } = session;
    const { damage } = task;
    this.box.checked = Boolean(photo?.adds && damage);
    this.box.disabled = !photo || !damage;
    this.label.textContent = photo?.sample
      ? 'Damage added to the sample'
      : 'Add damage to measure the result';
    const choice = amountOf(damage);
    this.row.hidden = !this.box.checked || (!choice && !['watermark', 'holes'].includes(damage?.name ?? ''));
    this.range.element.hidden = !choice;
    if (damage && choice && document.activeElement !== this.range.input) this.write(damage.name, choice);
    this.original.hidden = this.box.checked || variant?.state !== 'ready';
    this.original.disabled = Boolean(variant?.measuring);
    this.original.textContent = variant?.measuring ? 'Measuring…' : 'Compare with a clean original';
    if (this.errorOf !== variant) this.fail('');
  }

  /** @param {string} name @param {import('./looking.js').Amount} choice */
  write(name, choice) {
    this.range.within(choice);
    const value = session.amounts.get(name) ?? choice.default;
    this.range.show(value, this.amount(value));
  }

  /** Let the server measure the results against a clean original. @param {File} file */
  async measure(file) {
    const { variant } = session;
    if (!variant) return;
    this.fail('');
    const measured = variant.measure(file);
    session.changed();
    try {
      await measured;
    } catch (thrown) {
      const error = asProblem(thrown);
      if (error.kind === 'gone') {
        variant.original = file; // for the next upload of the photo
        session.renew(variant);
      } else {
        this.fail(error.message, variant);
      }
    }
    session.changed();
  }

  /** @param {string} sentence */
  fail(sentence, variant = session.variant) {
    this.errorOf = variant;
    this.error.hidden = !sentence;
    this.error.textContent = sentence;
  }
}
