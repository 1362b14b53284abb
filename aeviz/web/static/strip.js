/** Frames side by side in one canvas; a click or drag over them chooses one. */

import { pack } from './canvas.js';
import { context2d, h } from './dom.js';

export class Strip {
  /**
   * @param {import('./types.js').ImageShape} imageShape
   * @param {number} count  of frames
   * @param {{testid: string, label: string, onChoose: (frame: number, time: number) => void}} options
   */
  constructor([channels, height, width], count, { testid, label, onChoose }) {
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.count = count;
    this.gap = Math.max(1, Math.round(width / 28));
    const whole = count * width + (count - 1) * this.gap;
    this.canvas = h('canvas', {
      width: whole,
      height,
      role: 'img',
      'data-testid': testid,
      'aria-label': label,
      style: `aspect-ratio: ${whole} / ${height}`, // keeps its place before anything is drawn
    });
    this.cursor = h('div', { class: 'aeviz-frame' });
    this.element = h(
      'div',
      {
        class: 'aeviz-strip',
        style: `--frame: ${(100 * width) / whole}%`,
      },
      this.canvas,
      this.cursor,
    );
    this.context = context2d(this.canvas);
    this.image = this.context.createImageData(whole, height);
    this.words = new Uint32Array(this.image.data.buffer);
    const choose = (/** @type {PointerEvent} */ event) => onChoose(this.frameAt(event), event.timeStamp);
    this.canvas.onpointerdown = (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      choose(event);
    };
    this.canvas.onpointermove = (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) choose(event);
    };
  }

  /** @param {Uint8Array} pixels  count * H * W * C values */
  draw(pixels) {
    const { words, channels, width, height, gap, count } = this;
    const row = count * width + (count - 1) * gap;
    const size = channels * height * width;
    for (let frame = 0; frame < count; frame += 1) {
      pack(words, row, frame * (width + gap), pixels, frame * size, [channels, height, width]);
    }
    this.context.putImageData(this.image, 0, 0);
  }

  /** Outline the position at `share` of the way from the first frame to the last. @param {number} share */
  point(share) {
    this.cursor.style.setProperty('--share', String(share));
  }

  /** @param {PointerEvent} event */
  frameAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const frame = Math.floor((this.count * (event.clientX - box.left)) / box.width);
    return Math.min(this.count - 1, Math.max(0, frame));
  }
}

/**
 * Strips of one height, one under another in a single canvas, for saving.
 * @param {{canvas: HTMLCanvasElement, gap: number}[]} strips
 */
export function stack(strips) {
  const [{ canvas, gap }] = strips;
  const all = document.createElement('canvas');
  all.width = Math.max(...strips.map((strip) => strip.canvas.width));
  all.height = strips.length * (canvas.height + gap) - gap;
  const context = context2d(all);
  strips.forEach((strip, i) => context.drawImage(strip.canvas, 0, i * (canvas.height + gap)));
  return all;
}
