/** For clean photos: damage added to them, so that the result can be measured; or a clean original. */

import { h } from '../../static/dom.js';
import { Range } from './range.js';
import { session } from './session.js';
import { sign } from './tools.js';

/**
 * Another draw or amount of damage for the photo that is looked at, or none: what the server has of
 * the one before is let go.
 * @param {(photo: import('./photos.js').Photo) => void} change
 */
export function changeDamage(change) {
  const { shown: photo, variant } = session;
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
    this.says = h('span', {});
    this.range = new Range({
      label: '',
      testid: 'aeviz-amount',
      onInput: (value) => this.range.show(value, this.amount(value)),
      onRelease: (value) => changeDamage(() => session.amounts.set(session.task.damage.name, value)),
    });
    this.again = sign(
      'dice',
      'Draw it anew',
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
        const [file] = this.input.files;
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
        title: 'The same photo without its damage: then PSNR and SSIM can be told',
        onclick: () => this.input.click(),
      },
      'Compare with a clean original',
    );
    this.error = h('p', { class: 'dr-error', role: 'alert', hidden: true });
    this.element = h(
      'section',
      {},
      h('label', { class: 'dr-switch' }, this.says, this.box),
      this.row,
      this.original,
      this.input,
      this.error,
    );
  }

  amount(value) {
    const { unit } = session.task.damage;
    if (unit.startsWith('σ')) return `σ ${value}`;
    return unit ? `${value} ${unit}` : String(value);
  }

  update() {
    const { shown: photo, variant, task } = session;
    const { damage } = task;
    this.box.checked = Boolean(photo?.adds && damage);
    this.box.disabled = !photo || !damage;
    this.says.textContent = photo?.sample ? 'Damage added to the sample' : 'Add damage, to measure';
    const fixed = !damage || damage.low === null || damage.low === damage.high;
    this.row.hidden = !this.box.checked || (fixed && !['watermark', 'holes'].includes(damage?.name));
    this.range.element.hidden = fixed;
    if (!fixed && document.activeElement !== this.range.input) this.write(damage);
    this.original.hidden = this.box.checked || variant?.state !== 'ready';
    this.original.disabled = Boolean(variant?.measuring);
    this.original.textContent = variant?.measuring ? 'Measuring…' : 'Compare with a clean original';
    if (this.errorOf !== variant) this.fail('');
  }

  write(damage) {
    this.range.within(damage);
    const value = session.amounts.get(damage.name) ?? damage.default;
    this.range.show(value, this.amount(value));
  }

  /** Have the server measure against a clean original. @param {File} file */
  async measure(file) {
    const { variant } = session;
    this.fail('');
    const measured = variant.measure(file);
    session.changed();
    try {
      await measured;
    } catch (error) {
      if (error.kind === 'gone') {
        variant.original = file; // for when the photo is there again
        session.renew(variant);
      } else {
        this.fail(error.message, variant);
      }
    }
    session.changed();
  }

  fail(sentence, variant = session.variant) {
    this.errorOf = variant;
    this.error.hidden = !sentence;
    this.error.textContent = sentence;
  }
}
