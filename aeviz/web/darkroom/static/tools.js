/** The toolbar below the picture: view, zoom, loupe. */

import { h } from '../../static/dom.js';
import { icon } from '../../static/icons.js';
import { session } from './session.js';

/** @type {{id: import('./looking.js').Mode, text: string, title: string}[]} */
const MODES = [
  { id: 'divider', text: 'Divider', title: 'Before and after, with a divider to drag' },
  { id: 'beside', text: 'Side by side', title: 'Before beside after, zoomed and moved together' },
  { id: 'after', text: 'After', title: 'The restored photo alone' },
  { id: 'difference', text: 'Difference', title: 'The change, four times as bright' },
];
const STEP = 1.5;

export class Tools {
  /** @param {import('./view.js').View} view @param {{changed: () => void, full: () => void}} stage */
  constructor(view, { changed, full }) {
    this.view = view;
    const zoom = (/** @type {() => void} */ work) => () => {
      work();
      changed();
    };
    this.modes = MODES.map(({ id, text, title }) =>
      h(
        'button',
        {
          type: 'button',
          title,
          'data-testid': `aeviz-show-${id}`,
          'aria-label': text,
          onclick: () => session.set({ mode: id }),
        },
        icon(id),
        h('span', { class: 'dr-word' }, text),
      ),
    );
    this.percent = h('button', {
      type: 'button',
      class: 'dr-percent',
      title: '100 %, or the whole picture (double-click does the same)',
      'data-testid': 'aeviz-zoom',
      onclick: zoom(() => view.toggle(view.width / 2, view.height / 2)),
    });
    this.loupe = sign(
      'loupe',
      'Loupe: before and after, three times as large (L)',
      () => session.set({ loupe: !session.look.loupe }),
      'aeviz-loupe',
    );
    this.element = h(
      'div',
      { class: 'dr-tools' },
      h('div', { class: 'dr-modes', role: 'group', 'aria-label': 'Show' }, ...this.modes),
      h(
        'div',
        { class: 'dr-zoom', role: 'group', 'aria-label': 'Zoom' },
        this.loupe,
        h(
          'button',
          {
            type: 'button',
            class: 'dr-sign',
            title: 'Smaller',
            'aria-label': 'Zoom out',
            onclick: zoom(() => view.zoomBy(1 / STEP)),
          },
          '−',
        ),
        this.percent,
        h(
          'button',
          {
            type: 'button',
            class: 'dr-sign',
            title: 'Larger',
            'aria-label': 'Zoom in',
            onclick: zoom(() => view.zoomBy(STEP)),
          },
          '+',
        ),
        sign(
          'fit',
          'The whole picture (0)',
          zoom(() => view.fit()),
          'aeviz-fit',
        ),
        document.fullscreenEnabled ? sign('full', 'Full screen', full, 'aeviz-full') : null,
      ),
    );
  }

  update() {
    const { mode, loupe } = session.look;
    this.modes.forEach((button, i) => button.setAttribute('aria-pressed', String(MODES[i].id === mode)));
    this.loupe.setAttribute('aria-pressed', String(loupe));
    this.zoomed();
  }

  zoomed() {
    const text = session.variant?.info ? `${Math.round(100 * this.view.zoom)} %` : '–';
    if (this.percent.textContent !== text) this.percent.textContent = text;
  }
}

/**
 * A button with only an icon.
 * @param {import('../../static/icons.js').Sign} name
 * @param {string} title
 * @param {() => void} onclick
 * @param {string} testid
 */
export function sign(name, title, onclick, testid) {
  return h(
    'button',
    {
      type: 'button',
      class: 'dr-sign',
      title,
      'aria-label': title,
      onclick,
      'data-testid': testid,
    },
    icon(name),
  );
}
