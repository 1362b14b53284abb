/** Downloading results: that of the photo on the screen, or all in one file. */

import { h } from '../../static/dom.js';
import { icon } from '../../static/icons.js';
import { address, asProblem, getBlob } from './api.js';
import { session } from './session.js';

export class Save {
  constructor() {
    this.one = h(
      'button',
      {
        type: 'button',
        class: 'aeviz-primary dr-download',
        'data-testid': 'aeviz-download',
        disabled: true,
        onclick: () => this.saveOne(),
      },
      icon('download'),
      h('span', {}, 'Download'),
    );
    this.note = h('p', { class: 'aeviz-muted' });
    this.many = h('button', {
      type: 'button',
      class: 'aeviz-quiet',
      'data-testid': 'aeviz-download-all',
      onclick: () => this.saveAll(),
    });
    this.rest = h('button', {
      type: 'button',
      class: 'aeviz-quiet',
      'data-testid': 'aeviz-restore-all',
      onclick: () => restoreRest(),
    });
    this.stop = h('button', {
      type: 'button',
      class: 'aeviz-quiet',
      'data-testid': 'aeviz-stop-all',
      onclick: () => session.stopAll(),
    });
    this.error = h('p', { class: 'dr-error', role: 'alert', hidden: true });
    /** @type {HTMLIFrameElement | null} */
    this.frame = null;
    this.element = h(
      'section',
      { class: 'dr-save' },
      this.one,
      this.note,
      h('div', { class: 'dr-all' }, this.many, this.rest, this.stop),
      this.error,
    );
  }

  update() {
    const { variant, task } = session;
    const job = session.job(session.chosen);
    const strength = percent();
    this.one.disabled = job?.state !== 'done';
    const info = variant?.info;
    const parts =
      !info || !job?.result
        ? []
        : [
            'PNG',
            `${job.result.width} × ${job.result.height}`,
            info.depth === 16 ? '16 bit' : null,
            info.channels === 1 && task.name !== 'colour' ? 'grey' : null,
            info.alpha ? 'transparent' : null,
            strength < 100 ? `strength ${strength} %` : null,
          ];
    this.note.textContent = parts.filter(Boolean).join(' · ');
    const results = finished();
    this.many.hidden = session.photos.length < 2;
    this.many.disabled = results.length < 2;
    this.many.textContent = results.length < 2 ? 'Download all' : `Download all ${results.length} as a zip`;
    const live = session.jobs.all.length;
    this.stop.hidden = live < 2;
    this.stop.textContent = `Stop all ${live}`;
    const rest = unrestored();
    this.rest.hidden = session.photos.length < 2 || !rest.length;
    this.rest.textContent = rest.length === 1 ? 'Restore the other one' : `Restore the other ${rest.length}`;
  }

  async saveOne() {
    const { shown, task, chosen } = session;
    const result = session.job(chosen)?.result?.result;
    if (!shown || !result) return;
    const strength = percent();
    this.fail('');
    this.one.dataset.busy = '';
    try {
      const blob = await getBlob(`results/${result}`, strength < 100 ? { strength } : {});
      const link = h('a', {
        href: URL.createObjectURL(blob),
        download: `${stem(shown.name)}-${task.name}${chosen === 'ours' ? '' : `-${chosen}`}.png`,
      });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      this.fail(asProblem(error).message);
    } finally {
      delete this.one.dataset.busy;
    }
  }

  /** A form instead of fetch, so that the browser streams a file of gigabytes to the disk. */
  saveAll() {
    this.fail('');
    const name = 'dr-zip';
    const strength = percent('ours');
    const frame = h('iframe', { name, hidden: true });
    const form = h(
      'form',
      { method: 'post', action: address('zip'), target: name, hidden: true },
      ...finished().map(({ result }) =>
        h('input', { name: 'results', value: strength < 100 ? `${result}:${strength}` : result }),
      ),
    );
    this.element.append(frame, form);
    // A download loads nothing into the frame; if something is loaded, it is the server's error.
    frame.onload = () => {
      const text = frame.contentDocument?.body?.textContent;
      if (!text) return;
      try {
        this.fail(JSON.parse(text).error);
      } catch {
        this.fail('The server could not make the zip: try again.');
      }
    };
    form.submit();
    form.remove();
    this.frame?.remove();
    this.frame = frame;
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.error.hidden = !sentence;
    this.error.textContent = sentence;
  }
}

/** The strength in whole %, as the server expects it. */
function percent(method = session.chosen) {
  return Math.round(100 * session.strength(method));
}

/** Our results of the person's photos. */
function finished() {
  return session.photos.flatMap((photo) => {
    const result = session.variantOf(photo).job(session.task.name, 'ours')?.result;
    return result ? [result] : [];
  });
}

function unrestored() {
  return session.photos
    .map((photo) => session.variantOf(photo))
    .filter((variant) => {
      const job = variant.job(session.task.name, 'ours');
      return variant.state === 'ready' && (!job || job.state === 'stopped') && session.restorable(variant);
    });
}

function restoreRest() {
  for (const variant of unrestored()) session.run('ours', variant, false);
}

/** @param {string} name  of a file */
function stem(name) {
  return (
    name
      .replace(/\.[^.]*$/, '')
      .replace(/[^\p{L}\p{N}._ -]+/gu, '_')
      .slice(0, 80) || 'photo'
  );
}
