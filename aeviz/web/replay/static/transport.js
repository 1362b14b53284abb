/** Play, pause and speed. */

import { h, svg } from '../../static/dom.js';

const PLAY = 'M8 5.2v13.6c0 .8.9 1.3 1.6.9l10.5-6.8a1.05 1.05 0 0 0 0-1.8L9.6 4.3C8.9 3.9 8 4.4 8 5.2z';
const PAUSE = 'M7.5 4.5h3v15h-3zM13.5 4.5h3v15h-3z';
const SPEEDS = [0.5, 1, 2, 4];

/** @param {() => void} onPress @returns {{element: HTMLElement, show: (playing: boolean) => void}} */
export function playButton(onPress) {
  const path = svg('path', { d: PLAY });
  const element = h(
    'button',
    {
      type: 'button',
      class: 'replay-play',
      'aria-label': 'Play',
      'data-testid': 'aeviz-replay-play',
      onclick: onPress,
    },
    svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, path),
  );
  let shown = false;
  return {
    element,
    show(playing) {
      if (playing === shown) return;
      shown = playing;
      path.setAttribute('d', playing ? PAUSE : PLAY);
      element.setAttribute('aria-label', playing ? 'Pause' : 'Play');
    },
  };
}

/**
 * A button that cycles through the speeds.
 * @param {number} speed
 * @param {(speed: number) => void} onChange
 * @returns {HTMLElement}
 */
export function speedButton(speed, onChange) {
  let at = Math.max(0, SPEEDS.indexOf(speed));
  const button = h('button', {
    type: 'button',
    class: 'aeviz-quiet replay-speed',
    'data-testid': 'aeviz-replay-speed',
    title: 'Playback speed',
    onclick: () => {
      at = (at + 1) % SPEEDS.length;
      describe();
      onChange(SPEEDS[at]);
    },
  });
  const describe = () => {
    button.textContent = `${SPEEDS[at] === 0.5 ? '½' : SPEEDS[at]}×`;
    button.setAttribute('aria-label', `Speed ${SPEEDS[at]}`);
  };
  describe();
  return button;
}
