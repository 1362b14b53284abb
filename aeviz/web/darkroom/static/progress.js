/** The progress of the photo on the screen: a bar, percent, time left and Stop; or a sentence. */

import { h } from '../../static/dom.js';
import { labelOf } from './compare.js';
import { session } from './session.js';

export class Progress {
  constructor() {
    this.bar = h('i', { class: 'dr-bar' });
    this.text = h('span', { class: 'dr-saying' });
    this.stop = h(
      'button',
      {
        type: 'button',
        'data-testid': 'aeviz-stop',
        onclick: () => liveJobs().forEach((job) => session.jobs.stop(job)),
      },
      'Stop',
    );
    this.again = h(
      'button',
      {
        type: 'button',
        'data-testid': 'aeviz-again',
        onclick: () => session.run(session.chosen),
      },
      'Restore',
    );
    this.element = h(
      'div',
      {
        class: 'dr-progress',
        role: 'group',
        'aria-label': 'Progress',
        'data-testid': 'aeviz-progress',
        hidden: true,
      },
      this.bar,
      this.text,
      this.stop,
      this.again,
    );
  }

  update() {
    const { share, text, kind } = now();
    this.element.hidden = !text;
    this.element.dataset.kind = kind ?? '';
    this.element.setAttribute('role', kind === 'failed' ? 'alert' : 'group'); // screen readers do not read a percentage
    this.stop.hidden = kind !== 'live';
    this.again.hidden = kind !== 'again';
    this.bar.hidden = share === undefined;
    if (share !== undefined) this.bar.style.setProperty('--share', String(share));
    if (this.text.textContent !== text) this.text.textContent = text;
  }
}

function liveJobs() {
  return [...(session.variant?.jobs.values() ?? [])].filter((job) => job.live);
}

/** @returns {{text: string, share?: number, kind?: 'live' | 'again' | 'failed' | 'sending'}} */
function now() {
  const { variant } = session;
  if (!variant) return { text: '' };
  if (variant.state === 'failed') return { text: variant.error, kind: 'failed' };
  if (variant.state === 'waiting') return { text: 'Waiting to be sent', share: 0, kind: 'sending' };
  if (variant.state === 'sending') {
    const text = variant.sent < 1 ? `Sending · ${percent(variant.sent)}` : 'Reading the photo';
    return { text, share: variant.sent, kind: 'sending' };
  }
  const jobs = liveJobs();
  const job = jobs.find(({ state }) => state === 'working') ?? jobs[0];
  if (job) return { text: describe(job), share: job.share, kind: 'live' };
  const chosen = session.job(session.chosen) ?? session.job();
  if (chosen?.state === 'failed') return { text: chosen.error, kind: 'failed' };
  if (chosen?.state === 'stopped') return { text: 'Stopped', kind: 'again' };
  return { text: '' };
}

/** @param {import('./jobs.js').Job} job */
function describe(job) {
  const name = job.method === 'ours' ? session.task.title : labelOf(job.method);
  if (job.state === 'waiting') {
    return job.ahead
      ? `${name} · ${job.ahead} ${job.ahead === 1 ? 'photo' : 'photos'} before it`
      : `${name} · begins`;
  }
  const left = job.secondsLeft === null ? '' : ` · ${clock(job.secondsLeft)} left`;
  return `${name} · ${percent(job.share)}${left}`;
}

/** @param {number} share */
export function percent(share) {
  return `${Math.round(100 * share)} %`;
}

/** 75 -> "1:15" @param {number} seconds */
function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
