/** The panel beside the viewer: numbers, sliders, what to compare with, damage, download. */

import { h } from '../../static/dom.js';
import { Beside, put } from './beside.js';
import { AddDamage } from './damage.js';
import { Fill } from './fill.js';
import { card } from './model.js';
import { Numbers } from './numbers.js';
import { Range } from './range.js';
import { Save } from './save.js';
import { session } from './session.js';

export class Panel {
  /** @param {import('./stage.js').Stage} stage */
  constructor(stage) {
    this.name = h('h2', { class: 'dr-name' });
    this.about = h('p', { class: 'aeviz-muted' });
    this.summary = h('p', {});
    this.stretch = h('input', {
      type: 'checkbox',
      role: 'switch',
      'data-testid': 'aeviz-stretch',
      onchange: () => {
        session.stretch(this.stretch.checked);
      },
    });
    this.narrow = h(
      'label',
      {
        class: 'dr-switch',
        title: 'The darkest value becomes black and the brightest white, in the download, too.',
        hidden: true,
      },
      h('span', {}, 'Stretch to full brightness'),
      this.stretch,
    );
    this.sigma = new Range({
      label: 'Noise',
      testid: 'aeviz-sigma',
      title: 'How strong the noise is. It was estimated; change it if the estimate is wrong.',
      onInput: (value) => this.sigma.show(value, `σ ${value}`),
      onRelease: (value) => this.setNoise(value),
    });
    this.found = h('button', {
      type: 'button',
      class: 'dr-link',
      title: 'Back to the estimated noise',
      'data-testid': 'aeviz-sigma-found',
      onclick: () => this.setNoise(null),
    });
    this.noise = h('div', { class: 'dr-noise' }, this.sigma.element, this.found);
    this.strength = new Range({
      label: 'Strength',
      testid: 'aeviz-strength',
      title: 'How much of the change is kept; the download is the same.',
      onInput: (value) => session.set({ strength: value / 100 }),
    });
    this.strength.within({ low: 0, high: 100 });
    this.skips = h('input', {
      type: 'checkbox',
      role: 'switch',
      'data-testid': 'aeviz-bottleneck',
      onchange: () => {
        put('right', this.skips.checked ? 'bottleneck' : 'ours');
      },
    });
    this.lesson = h(
      'section',
      { class: 'dr-lesson' },
      h('label', { class: 'dr-switch' }, h('span', {}, 'Without skip connections'), this.skips),
      h(
        'p',
        { class: 'aeviz-muted' },
        'Then the whole photo has to pass through the bottleneck: the noise is lost, and so is the detail.',
      ),
    );
    this.sliders = h('section', { class: 'dr-sliders' }, this.noise, this.strength.element);
    this.numbers = new Numbers();
    this.fill = new Fill(stage);
    this.beside = new Beside();
    this.damage = new AddDamage();
    this.save = new Save();
    this.model = h('p', { class: 'aeviz-muted dr-model', 'data-testid': 'aeviz-model' });
    this.element = h(
      'aside',
      { class: 'dr-panel', 'aria-label': 'Restoring' },
      h('header', {}, this.name, this.about, this.narrow, this.summary),
      this.numbers.element,
      this.fill.element,
      this.sliders,
      this.save.element,
      this.beside.element,
      this.lesson,
      this.damage.element,
      this.model,
    );
  }

  /** @param {number | null} sigma  the noise level; null: as estimated */
  setNoise(sigma) {
    if (session.shown) session.shown.sigma = sigma;
    if (session.variant?.state === 'ready') session.run('ours');
    session.changed();
  }

  update() {
    const { shown, variant, task, look } = session;
    const info = variant?.info;
    write(this.name, shown?.title ?? 'No photo yet');
    const notes = new Set([...(info?.notes ?? []), ...(session.job()?.result?.notes ?? [])]);
    write(this.about, info ? described({ ...info, notes: [...notes] }, shown?.sample?.credit) : '');
    this.narrow.hidden = !shown?.narrow;
    this.stretch.checked = Boolean(shown?.stretch);
    write(this.summary, task.says);
    this.noise.hidden = !session.asksNoise;
    if (session.asksNoise && task.slider) this.writeNoise(task.slider, shown, info);
    this.strength.show(Math.round(100 * look.strength), `${Math.round(100 * look.strength)} %`);
    this.strength.input.disabled = !session.job() || session.chosen !== 'ours';
    this.sliders.hidden = task.mask; // a half-filled hole is useless
    this.lesson.hidden = !task.baselines.some(({ name }) => name === 'bottleneck');
    this.skips.checked = look.right === 'bottleneck' || look.left === 'bottleneck';
    for (const part of [this.numbers, this.fill, this.beside, this.damage, this.save]) part.update();
    write(this.model, card(task));
  }

  /**
   * @param {{low: number, high: number}} slider
   * @param {import('./photos.js').Photo | null} photo
   * @param {import('./photos.js').Info | null | undefined} info
   */
  writeNoise(slider, photo, info) {
    const chosen = photo?.sigma ?? null;
    const found = Math.min(slider.high, info?.sigma ?? 0); // and the slider is the network's input
    this.sigma.input.disabled = !info;
    this.found.hidden = chosen === null;
    write(this.found, `estimated: σ ${Math.round(found)}`);
    if (document.activeElement === this.sigma.input && this.sigma.input.matches(':active')) return;
    this.sigma.within({ ...slider, label: chosen === null ? 'Noise, estimated' : 'Noise, set by you' });
    this.sigma.show(chosen ?? found, info ? `σ ${Math.round(chosen ?? found)}` : '');
  }
}

/** @param {import('./photos.js').Info} info @param {string} [credit] */
function described({ width, height, channels, depth, notes }, credit) {
  const megapixels = (width * height) / 1e6;
  const parts = [
    `${width.toLocaleString('en')} × ${height.toLocaleString('en')}`,
    megapixels >= 1 ? `${megapixels.toFixed(megapixels < 10 ? 1 : 0)} MP` : null,
    channels === 1 ? 'grey' : null,
    depth === 16 ? '16 bit' : null,
    credit ? `photo: ${credit}` : null,
  ];
  const facts = parts.filter(Boolean).join(' · ');
  return notes.length ? [`${facts}.`, ...notes].join(' ') : facts; // notes are sentences
}

/** @param {HTMLElement} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
