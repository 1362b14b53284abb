/** What is looked at, and how: task, photo, what the two sides show. */

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
 *   the model's name, and of the card in its file what the panel shows
 *
 * @typedef {'divider' | 'beside' | 'after' | 'difference'} Mode
 * @typedef {{mode: Mode, divide: number, strength: number, left: string, right: string,
 *   loupe: boolean, painting: boolean}} Look
 *   `left` and `right`: "before", "ours" or the name of a baseline; `divide` and `strength`: 0..1
 */

/** The task before the list of tasks has arrived. @type {Task} */
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

/** The amounts to choose from, null where there is but one. @param {Damage | null} damage @returns {Amount | null} */
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
    /** @type {Map<string, number>} how much damage is added, of each kind */
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

  /** @param {string} sentence  about what was just tried */
  say(sentence) {
    this.message = sentence;
    this.changed();
  }

  /** What is looked at, as the server has it; null while there is nothing. */
  get variant() {
    return this.shown && this.variantOf(this.shown);
  }

  /** The job of a method for what is looked at. */
  job(method = 'ours') {
    return this.variant?.job(this.task.name, method);
  }

  /** The jobs whose pictures are on the two sides. */
  get sides() {
    return [this.job(this.look.left), this.job(this.look.right)].filter((job) => job !== undefined);
  }

  /** The method whose result is measured and taken along: the one on the right, ours where that is the photo. */
  get chosen() {
    return this.look.right === 'before' ? 'ours' : this.look.right;
  }

  /** Whether the noise level is an input of the task. */
  get asksNoise() {
    return this.task.slider !== null && this.task.slider.unit !== '%';
  }

  /** How much of a method's change is kept, 0..1: of ours alone, and a hole is filled or it is not. */
  strength(method = this.chosen) {
    return method === 'ours' && !this.task.mask ? this.look.strength : 1;
  }

  /** @param {string} task */
  scaleOf(task) {
    return this.tasks.find(({ name }) => name === task)?.scale ?? 1;
  }

  /** Size of the picture that a task makes of this photo. @param {import('./photos.js').Info} info */
  sizeFor({ width, height }, task = this.task.name) {
    const scale = this.scaleOf(task);
    return { width: width * scale, height: height * scale };
  }

  /**
   * The damage that is added for the task, null where none is.
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

  /** The photo as it is wanted now. @param {import('./photos.js').Photo} photo @returns {Variant} */
  variantOf(photo) {
    const added = this.added(photo);
    const key = `${photo.stretch}:${added ? [added.name, added.amount, added.seed] : ''}`;
    const before = photo.variants.get(key);
    if (before) return before;
    const variant = new Variant(photo, added);
    photo.variants.set(key, variant);
    return variant;
  }

  /** A side shows what there is of this photo: another one's rivals have not been run for it. */
  reside() {
    const missing = (/** @type {string} */ name) => !['before', 'ours'].includes(name) && !this.job(name);
    if ([this.look.left, this.look.right].some(missing))
      Object.assign(this.look, { left: 'before', right: 'ours' });
  }

  /** Whether there is all that the task needs: a mask, where it fills. @param {Variant} variant */
  restorable(variant) {
    const {
      info,
      photo: { mask },
    } = variant;
    return !this.task.mask || Boolean(info?.mask) || (info !== null && mask?.sent === info.id);
  }
}
