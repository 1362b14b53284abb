/** A code as bars: one per dimension, up for positive, down for negative. */

import { context2d, h, onThemeChange, themeColour } from './dom.js';

const MAX_BARS = 64;

export class CodeBars {
  /** @param {import('./gallery.js').Dimension[]} dims  in the order to draw them */
  constructor(dims) {
    this.dims = dims.slice(0, MAX_BARS);
    // Two and a half standard deviations fill the height; further ones are cut off.
    this.reach = Math.max(...dims.map(({ mean, std }) => Math.abs(mean) + 2.5 * std)) || 1;
    this.allPositive = this.dims.every(({ low }) => low >= 0);
    this.canvas = h('canvas', {
      class: 'aeviz-bars',
      role: 'img',
      'data-testid': 'aeviz-code',
      'aria-label': 'No code yet',
    });
    this.scale = 0;
    this.barColour = '';
    this.lineColour = '';
    /** @type {ArrayLike<number> | null} */
    this.shown = null;
    /** @type {(() => void) | undefined} */
    this.stopTheme = undefined;
    this.resizing = new ResizeObserver(() => {
      this.stopTheme ??= onThemeChange(this.canvas, () => this.measure());
      this.measure();
    });
    this.resizing.observe(this.canvas);
  }

  /** Take over the current size and colours: measured here, so that `draw` need not. */
  measure() {
    const { canvas } = this;
    this.scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * this.scale);
    canvas.height = Math.round(canvas.clientHeight * this.scale);
    this.barColour = themeColour(canvas, '--st-primary-color');
    this.lineColour = themeColour(canvas, '--st-text-color');
    if (this.shown) this.draw(this.shown);
  }

  /** @param {ArrayLike<number>} z */
  draw(z) {
    this.shown = z;
    const { canvas, dims, reach, allPositive, scale } = this;
    const { width, height } = canvas;
    if (!scale || !width) return;
    const context = context2d(canvas);
    const zero = allPositive ? height - 1 : Math.round(height / 2);
    const step = width / dims.length;
    const bar = Math.min(Math.max(1, step * 0.64), 18 * scale);
    context.clearRect(0, 0, width, height);
    context.fillStyle = this.barColour;
    dims.forEach(({ index }, i) => {
      const length = Math.max(-1, Math.min(1, z[index] / reach)) * (allPositive ? height : height / 2);
      context.fillRect(step * (i + 0.5) - bar / 2, zero, bar, -length);
    });
    context.globalAlpha = 0.35;
    context.fillStyle = this.lineColour;
    context.fillRect(0, zero, width, Math.max(1, Math.round(scale / 2)));
    context.globalAlpha = 1;
  }

  /** The numbers as text, for people who cannot see the bars. @param {ArrayLike<number>} z */
  describe(z) {
    const text = this.dims.map(({ index }) => `z${index} ${z[index].toFixed(2)}`).join(', ');
    this.canvas.setAttribute('aria-label', `The code: ${text}`);
  }

  destroy() {
    this.resizing.disconnect();
    this.stopTheme?.();
  }
}
