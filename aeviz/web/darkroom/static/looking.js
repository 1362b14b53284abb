/** The state of the view: task, photo, what the two sides show. */

import { Variant } from './photos.js';

/**
 * A task, as the server lists it.
 *
 * @typedef {{name: string, title: string, says: string, scale: number, mask: boolean,
 *   slider: {label: string, low: number, high: number, unit: string} | null, damage: Damage | null,
 *   baselines: {name: string, title: string, says: string}[], model: Card | null}} Task
 * @typedef {{name: string, label: string, unit: string} & (Amount | {low: null, high: null, default: null})} Damage
 *   without an amount to choose, its three numbers are null
 * @typedef {{low: number, high: number, default: number}} Amount
 * @typedef {{name: string, metrics?: Record<string, {psnr: number, psnr_before: number, worse?: number}>,
 *   test_images?: number, train_images?: number, parameters?: number, dataset_title?: string}} Card
 *   the model's name, and the fields of its card that the panel shows
 *
 * @typedef {'divider' | 'beside' | 'after' | 'difference'} Mode
 * @typedef {{mode: Mode, divide: number, strength: number, left: string, right: string,
 *   loupe: boolean, painting: boolean}} Look
 *   `left` and `right`: "before", "ours" or the name of a baseline; `divide` and `strength`: 0..1
 */

/** A placeholder until the list of tasks has arrived. @type {Task} */
const NONE = {
  name: '',
  title: '',
  says: '',
  scale: 1,
  mask: false,
  slider: null,
  damage: null,
  baselines: [],
  model: null,
};

/** The range of amounts, null if there is only one. @param {Damage | null} damage @returns {Amount | null} */
export function amountOf(damage) {
  return damage === null || damage.low === null || damage.low === damage.high ? null : damage;
}
export class Looking {
  constructor() {
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.message = '';
    /** @type {Task[]} */
    this.tasks = [];
    this.task = NONE;
    /** @type {import('./photos.js').Photo | null} */
    this.shown = null;
    /** @type {Map<string, number>} the amount of each kind of damage */
    this.amounts = new Map();
    /** @type {Look} */
    this.look = {
      mode: 'divider',
      divide: 0.5,
      strength: 1,
      left: 'before',
      right: 'ours',
      loupe: false,
      painting: false,
    };
  }

  /** @param {() => void} listener  called after any change */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  /** @param {string} sentence  about the last action */
  say(sentence) {
    this.message = sentence;
    this.changed();
  }

  /** The current variant of the photo; null if there is no photo. */
  get variant() {
    return this.shown && this.variantOf(this.shown);
  }

  /** The job of a method for the current variant. */
  job(method = 'ours') {
    return this.variant?.job(this.task.name, method);
  }

  /** The jobs whose pictures are on the two sides. */
  get sides() {
    return [this.job(this.look.left), this.job(this.look.right)].filter((job) => job !== undefined);
  }

  /** The method whose result is measured and downloaded: the one on the right, or ours if that is the photo. */
  get chosen() {
    return this.look.right === 'before' ? 'ours' : this.look.right;
  }

  /** Whether the noise level is an input of the task. */
  get asksNoise() {
    return this.task.slider !== null && this.task.slider.unit !== '%';
  }

  /** The strength of a method's change, 0..1; only ours has one, and filling a hole does not. */
  strength(method = this.chosen) {
    return method === 'ours' && !this.task.mask ? this.look.strength : 1;
  }

  /** @param {string} task */
  scaleOf(task) {
    return this.tasks.find(({ name }) => name === task)?.scale ?? 1;
  }

  /** The size of the task's result for this photo. @param {import('./photos.js').Info} info */
  sizeFor({ width, height }, task = this.task.name) {
    const scale = this.scaleOf(task);
    return { width: width * scale, height: height * scale };
  }

  /**
   * The damage that is added for the task, or null.
   * @param {import('./photos.js').Photo} photo
   * @returns {import('./photos.js').Added | null}
   */
  added(photo) {
    const { damage } = this.task;
    if (!photo.adds || !damage) return null;
    const choice = amountOf(damage);
    const amount = choice && (this.amounts.get(damage.name) ?? choice.default);
    return { name: damage.name, amount, seed: photo.seed };
  }

  /** The variant of the photo for the current settings. @param {import('./photos.js').Photo} photo @returns {Variant} */
  variantOf(photo) {
    const added = this.added(photo);
    const key = `${photo.stretch}:${added ? [added.name, added.amount, added.seed] : ''}`;
    const before = photo.variants.get(key);
    if (before) return before;
    const variant = new Variant(photo, added);
    photo.variants.set(key, variant);
    return variant;
  }

  /** Show only available pictures on a side: the filters may not have run for this photo. */
  reside() {
    const missing = (/** @type {string} */ name) => !['before', 'ours'].includes(name) && !this.job(name);
    if ([this.look.left, this.look.right].some(missing))
      Object.assign(this.look, { left: 'before', right: 'ours' });
  }

  /** Whether the task has all its inputs: a mask, if it fills holes. @param {Variant} variant */
  restorable(variant) {
    const {
      info,
      photo: { mask },
    } = variant;
    return !this.task.mask || Boolean(info?.mask) || (info !== null && mask?.sent === info.id);
  }
}
