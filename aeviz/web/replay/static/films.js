/** Download of the replay: the server makes the file once, which takes some seconds. */

import { context2d, h, themeColour } from '../../static/dom.js';

const KINDS = [
  ['gif', 'GIF'],
  ['mp4', 'MP4'],
];

/**
 * @param {string} run
 * @param {(message: string) => void} say
 * @returns {{element: HTMLElement, usable: (on: boolean) => void}}
 */
export function films(run, say) {
  const buttons = KINDS.map(([kind, label]) => {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'aeviz-quiet',
        'data-testid': `aeviz-replay-${kind}`,
        title: `Download the whole replay as ${label}`,
        onclick: async () => {
          button.disabled = true;
          button.textContent = `${label} …`;
          say('');
          try {
            await download(run, kind, isDark(button) ? 'dark' : 'light');
          } catch (error) {
            say(error instanceof Error ? error.message : String(error));
          }
          button.disabled = false;
          button.textContent = label;
        },
      },
      label,
    );
    return button;
  });
  return {
    element: h(
      'div',
      { class: 'replay-films', role: 'group', 'aria-label': 'Download the replay' },
      ...buttons,
    ),
    usable(on) {
      for (const button of buttons) button.hidden = !on;
    },
  };
}

/** @param {string} run @param {string} kind @param {'light' | 'dark'} theme */
async function download(run, kind, theme) {
  const path = `aeviz/runs/${encodeURIComponent(run)}/replay.${kind}?theme=${theme}`;
  const answer = await fetch(new URL(path, document.baseURI));
  if (!answer.ok) throw new Error((await answer.json()).error);
  const url = URL.createObjectURL(await answer.blob());
  const link = h('a', { href: url, download: `${run}.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Whether the page is dark, by the lightness of its background. @param {Element} element */
function isDark(element) {
  const context = context2d(document.createElement('canvas'));
  context.fillStyle = themeColour(element, '--st-background-color') || '#fff';
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return red + green + blue < 384;
}
