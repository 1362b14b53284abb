/** The classical filters to compare with: each runs on request and is shown on one side. */

import { h } from '../../static/dom.js';
import { labelOf, wordsOf } from './compare.js';
import { inWords } from './numbers.js';
import { session } from './session.js';

/** @type {['left' | 'right', string, string][]} */
const SIDES = [
  ['left', 'L', 'on the left of the divider'],
  ['right', 'R', 'on the right of the divider'],
];

export class Beside {
  constructor() {
    this.rows = h('div', { class: 'dr-rows' });
    this.element = h('section', {}, h('h3', {}, 'Beside it'), this.rows);
    this.built = '';
    /** @type {Row[]} */
    this.all = [];
  }

  update() {
    const made = (/** @type {string} */ name) => name !== 'bottleneck' || session.job(name); // it has its own switch
    const names = ['before', 'ours', ...session.task.baselines.map(({ name }) => name).filter(made)];
    const key = `${session.task.name} ${names}`;
    if (key !== this.built) {
      this.built = key;
      this.all = names.map((name) => new Row(name));
      this.rows.replaceChildren(...this.all.map((row) => row.element));
    }
    for (const row of this.all) row.update();
  }
}

/**
 * Show a method's result for the photo, and compute it first if necessary.
 * @param {'left' | 'right'} side
 * @param {string} name
 */
export function put(side, name) {
  const { variant, look } = session;
  const other = side === 'left' ? 'right' : 'left';
  /** @type {Partial<import('./looking.js').Look>} */
  const change = { [side]: name };
  if (look[other] === name) change[other] = look[side]; // swap the sides
  if (look.mode === 'after' && side === 'left') change.mode = 'divider';
  if (name !== 'before' && variant?.state === 'ready' && !session.job(name)) session.run(name);
  session.set(change);
}

class Row {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.figures = h('span', { class: 'dr-figures' });
    this.sides = SIDES.map(([side, letter, where]) =>
      h(
        'button',
        {
          type: 'button',
          title: `${labelOf(name)} ${where}`,
          'aria-label': `${labelOf(name)} ${where}`,
          'data-testid': `aeviz-${side}-${name}`,
          onclick: () => put(side, name),
        },
        letter,
      ),
    );
    this.error = h('p', { class: 'dr-error', hidden: true });
    this.element = h(
      'div',
      { class: 'dr-row', 'data-ours': name === 'ours' },
      h(
        'button',
        {
          type: 'button',
          class: 'dr-rowname',
          title: wordsOf(name) || `Show ${labelOf(name)}`,
          'data-testid': `aeviz-beside-${name}`,
          onclick: () => put(name === 'before' ? 'left' : 'right', name),
        },
        labelOf(name),
      ),
      this.figures,
      h('span', { class: 'dr-sides' }, ...this.sides),
      this.error,
    );
  }

  update() {
    const { look, variant } = session;
    const job = this.name === 'before' ? undefined : session.job(this.name);
    const text = this.name === 'before' ? score(variant?.info?.before) : progress(job, this.name);
    if (this.figures.textContent !== text) this.figures.textContent = text;
    this.element.dataset.made = String(this.name === 'before' || Boolean(job));
    this.sides.forEach((button, i) =>
      button.setAttribute('aria-pressed', String(look[SIDES[i][0]] === this.name)),
    );
    const error = job?.state === 'failed' && this.name !== 'ours' ? job.error : '';
    this.error.hidden = !error;
    this.error.textContent = error;
  }
}

/** @param {import('./jobs.js').Job | undefined} job @param {string} name */
function progress(job, name) {
  if (!job) return name === 'ours' ? '' : 'run';
  if (job.state === 'working') return `${Math.round(100 * job.share)} %`;
  if (!job.result) return job.state === 'failed' ? '' : job.state;
  const { scores, seconds } = job.result;
  return [score(scores), `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`]
    .filter(Boolean)
    .join(' · ');
}

/** @param {import('./photos.js').Score | null | undefined} scores */
function score(scores) {
  return scores ? `${inWords(scores.psnr, 1)} dB · ${inWords(scores.ssim, 2)}` : '';
}
