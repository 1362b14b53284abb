/** What is looked at, and how: task, photo, what the two sides show. */

import { Variant } from './photos.js';

/**
 * @typedef {{name: string, title: string, says: string, scale: number, mask: boolean,
 *   slider: Range | null, damage: (Range & {name: string, default: number}) | null,
 *   baselines: {name: string, title: string}[], model: Record<string, any> | null}} Task
 * @typedef {{label: string, low: number | null, high: number | null, unit: string}} Range
 */
export class Looking {
  constructor() {
    /** @type {Task[]} */
    this.tasks = [];
    /** @type {Task} */
    this.task = null;
    /** @type {import('./photos.js').Photo | null} */
    this.shown = null;
    /** @type {Map<string, number>} how much damage is added, of each kind */
    this.amounts = new Map();
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
    return [this.look.left, this.look.right].map((name) => this.job(name)).filter(Boolean);
  }

  /** The method whose result is measured and taken along: the one on the right, ours where that is the photo. */
  get chosen() {
    return this.look.right === 'before' ? 'ours' : this.look.right;
  }

  /** Whether the task is told how strong the noise is. */
  get asksNoise() {
    return Boolean(this.task.slider) && this.task.slider.unit !== '%';
  }

  /** How much of a method's change is kept, 0..1: of ours alone, and a hole is filled or it is not. */
  strength(method = this.chosen) {
    return method === 'ours' && !this.task.mask ? this.look.strength : 1;
  }

  scaleOf(task) {
    return this.tasks.find(({ name }) => name === task).scale;
  }

  /** Size of the picture that a task makes of what is looked at. */
  sizeFor(task = this.task.name) {
    const { width, height } = this.variant.info;
    const scale = this.scaleOf(task);
    return { width: width * scale, height: height * scale };
  }

  /** The damage that is added for the task, null where none is. */
  added(photo) {
    const { damage } = this.task;
    if (!photo.adds || !damage) return null;
    const fixed = damage.low === null || damage.low === damage.high;
    const amount = fixed ? null : (this.amounts.get(damage.name) ?? damage.default);
    return { name: damage.name, amount, seed: photo.seed };
  }

  variantOf(photo) {
    const added = this.added(photo);
    const key = `${photo.stretch}:${added ? [added.name, added.amount, added.seed] : ''}`;
    if (!photo.variants.has(key)) photo.variants.set(key, new Variant(photo, added));
    return photo.variants.get(key);
  }

  /** A side shows what there is of this photo: another one's rivals have not been run for it. */
  reside() {
    const missing = (name) => !['before', 'ours'].includes(name) && !this.job(name);
    if ([this.look.left, this.look.right].some(missing))
      Object.assign(this.look, { left: 'before', right: 'ours' });
  }

  /** Whether there is all that the task needs: a mask, where it fills. */
  restorable(variant) {
    return (
      !this.task.mask || Boolean(variant.info.mask) || Boolean(variant.photo.mask?.sent === variant.info.id)
    );
  }
}
