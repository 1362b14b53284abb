/** The view of Interpolate between its two slots: three strips of frames, and the slider from A to B. */

import { h } from './dom.js';
import { Strip, stack } from './strip.js';
import { button, tabs } from './toolbar.js';

/** @import { ImageShape } from './types.js' */

/** Frames of a strip, both ends included. */
export const FRAMES = 11;
const STEPS = 200; // of the slider

/** @typedef {'lerp' | 'slerp'} Kind */

/** @type {{id: Kind, label: string, title: string}[]} */
export const KINDS = [
  { id: 'lerp', label: 'Straight', title: 'Latent space, straight: each number changes evenly' },
  { id: 'slerp', label: 'Spherical', title: 'Latent space, spherical: along an arc around zero' },
];

export class InterpolateView {
  /**
   * @param {ImageShape} imageShape
   * @param {{onKind: (kind: Kind) => void, onFrame: (strip: Kind | 'pixels', t: number, time: number) => void,
   *   onSlide: (t: number, time: number) => void, onPlay: () => void}} listener
   */
  constructor(imageShape, { onKind, onFrame, onSlide, onPlay }) {
    const strip = (/** @type {Kind | 'pixels'} */ id, /** @type {string} */ label) =>
      new Strip(imageShape, FRAMES, {
        testid: `aeviz-strip-${id}`,
        label,
        onChoose: (frame, time) => onFrame(id, frame / (FRAMES - 1), time),
      });
    const [straight, spherical] = KINDS.map(({ title }) => title);
    this.strips = {
      lerp: strip('lerp', straight),
      slerp: strip('slerp', spherical),
      pixels: strip('pixels', 'Blended pixels'),
    };
    this.tabs = tabs(KINDS, {
      name: 'Path',
      testid: 'aeviz-path',
      onChoose: (id) => onKind(id === 'slerp' ? 'slerp' : 'lerp'),
    });
    this.play = button('▶ Play', 'There and back along the path', onPlay, { 'data-testid': 'aeviz-play' });
    /** @type {HTMLInputElement} */
    this.input = h('input', {
      type: 'range',
      min: 0,
      max: STEPS,
      step: 1,
      'data-testid': 'aeviz-t',
      'aria-label': 'From A to B',
      oninput: (event) => onSlide(this.input.valueAsNumber / STEPS, event.timeStamp),
    });
    this.output = h('output', { class: 'aeviz-readout' });
    const row = (/** @type {Strip} */ { element }, /** @type {string} */ title) =>
      h('div', { class: 'aeviz-strip-row' }, h('p', { class: 'aeviz-muted' }, title), element);
    this.rows = {
      lerp: row(this.strips.lerp, straight),
      slerp: row(this.strips.slerp, spherical),
      pixels: row(this.strips.pixels, 'Blending pixels, without the model: both images at once'),
    };
    this.element = h(
      'div',
      { class: 'aeviz-interpolate' },
      h(
        'div',
        { class: 'aeviz-strips' },
        h('div', { class: 'aeviz-bar' }, this.play, this.tabs.element, this.output),
        ...Object.values(this.rows),
        h('div', { class: 'aeviz-slider aeviz-along', style: `--frame: ${100 / FRAMES}%` }, this.input),
      ),
    );
  }

  /** @param {number} t  from 0 to 1 @param {Kind} kind  the chosen path */
  show(t, kind) {
    this.tabs.choose(kind);
    this.input.value = String(Math.round(STEPS * t));
    this.input.style.setProperty('--fill', `${100 * t}%`);
    this.input.setAttribute('aria-valuetext', `t = ${t.toFixed(2)}`);
    this.output.textContent = `t = ${t.toFixed(2)}`;
    for (const strip of Object.values(this.strips)) strip.point(t);
    this.rows.lerp.toggleAttribute('data-chosen', kind === 'lerp');
    this.rows.slerp.toggleAttribute('data-chosen', kind === 'slerp');
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
    this.play.textContent = playing ? '❚❚ Pause' : '▶ Play';
  }

  picture() {
    return stack(Object.values(this.strips));
  }
}
