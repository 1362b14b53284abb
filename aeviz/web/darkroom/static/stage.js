/** The viewer: one canvas that shows before and after, and its gestures. */

import { context2d, h, oncePerFrame } from '../../static/dom.js';
import { drawComparison, labelOf, panes } from './compare.js';
import { Divider } from './divider.js';
import { handle } from './gestures.js';
import { drawLoupe } from './loupe.js';
import { Mask } from './mask.js';
import { session } from './session.js';
import { View } from './view.js';

const GROUND = '#16191a'; // neutral in both themes, for judging colours
const MASK_ALPHA = 0.6;
/** Around the brush. @type {[number, string][]} */
const RIM = [
  [3, 'rgb(0 0 0 / 60%)'],
  [1.5, '#fff'],
];

/**
 * @typedef {import('./gestures.js').Point} Point
 * @typedef {Point & {touch: boolean}} Pointer
 * @typedef {import('./photos.js').Info} Info
 */

export class Stage {
  /** @param {() => void} onZoom  called after zooming or panning */
  constructor(onZoom) {
    this.view = new View();
    this.onZoom = onZoom;
    /** @type {Pointer | null} */
    this.pointer = null;
    this.brush = { size: 28, erase: false };
    this.canvas = h('canvas', { class: 'dr-canvas', 'data-testid': 'aeviz-photo-canvas' });
    this.context = context2d(this.canvas, { alpha: false });
    this.divider = new Divider((share) => session.set({ divide: Math.min(1, Math.max(0, share)) }));
    this.wait = h('img', { class: 'dr-wait', alt: '' });
    this.labels = [h('span', { class: 'dr-label dr-left' }), h('span', { class: 'dr-label dr-right' })];
    this.element = h(
      'div',
      {
        class: 'dr-hands',
        tabindex: 0,
        role: 'group',
        'aria-label': 'Viewer. Plus and minus zoom, arrows pan, 0 fits, 1 is 100 %, L is the loupe.',
      },
      this.wait,
      this.canvas,
      ...this.labels,
      this.divider.element,
    );
    this.draw = oncePerFrame(() => this.drawNow());
    handle(this.element, this.hands());
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.element);
  }

  /** @returns {import('./gestures.js').Stage} */
  hands() {
    return {
      view: this.view,
      divideAt: () => (session.look.mode === 'divider' ? this.dividerX() : null),
      divide: (x) => session.set({ divide: Math.min(1, Math.max(0, x / this.view.width)) }),
      fold: (point) => this.fold(point),
      looking: () => session.look.loupe,
      painting: () => session.look.painting,
      brush: (kind, point) => this.stroke(kind, point),
      hover: (point) => {
        this.pointer = point;
        if (session.look.loupe || session.look.painting) this.draw();
      },
      changed: () => this.draw(),
      focus: (doing) =>
        (doing === 'divide' ? this.divider.element : this.element).focus({ preventScroll: true }),
      key: (key) => {
        if (key.toLowerCase() !== 'l') return false;
        session.set({ loupe: !session.look.loupe });
        return true;
      },
    };
  }

  resized() {
    const { clientWidth, clientHeight } = this.element;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.max(1, Math.round(side * ratio)));
    if (this.canvas.width !== width || this.canvas.height !== height)
      Object.assign(this.canvas, { width, height });
    this.drawNow(); // immediately, because a resized canvas is empty
  }

  /** Maps a point in the right pane to the same point in the left one. @param {Point} point */
  fold({ x, y }) {
    const all = this.panes();
    return { x: x - (all.findLast((pane) => x >= pane.x) ?? all[0]).x, y };
  }

  panes() {
    return panes({ width: this.element.clientWidth, height: this.element.clientHeight });
  }

  /** The position of the divider: always over the picture, even if that is smaller than the viewer. */
  dividerX() {
    const { whole, width } = this.view;
    const [left, right] = [Math.max(0, whole.x), Math.min(width, whole.x + whole.width)];
    return Math.min(right, Math.max(left, session.look.divide * width));
  }

  drawNow() {
    const { context, view } = this;
    const { variant, look, shown } = session;
    const all = this.panes();
    const ratio = window.devicePixelRatio || 1;
    view.resize(all[0].width, all[0].height, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = GROUND;
    context.fillRect(0, 0, this.element.clientWidth, view.height);
    const info = variant?.before ? variant.info : null;
    const ready = info !== null;
    if (info) {
      view.show(session.sizeFor(info));
      drawComparison(context, view, this.dividerX(), all);
      if (look.painting) this.drawMask(all, info);
      if (look.loupe && this.pointer) this.drawGlass(this.pointer);
    }
    const thumb = ready ? null : shown?.thumb;
    this.canvas.hidden = Boolean(thumb);
    this.wait.hidden = !thumb;
    if (thumb && this.wait.src !== thumb) this.wait.src = thumb;
    this.describe(ready);
    this.onZoom();
  }

  /** @param {boolean} ready */
  describe(ready) {
    const { look, shown } = session;
    const names = [labelOf(look.left), labelOf(look.right)];
    const parted = ready && look.mode === 'divider' && !look.painting;
    const x = parted ? this.dividerX() : 0;
    this.divider.element.hidden = !parted;
    if (parted)
      this.divider.show(
        look.divide,
        x,
        `${names[0]} on the left, ${Math.round((100 * x) / this.view.width)} %`,
      );
    const [left, right] = {
      divider: names,
      beside: names,
      after: [null, names[1]],
      difference: [null, 'Difference × 4'],
    }[look.mode];
    const painting = look.painting ? 'Paint over what to remove' : null;
    [painting ?? left, painting ? null : right].forEach((text, i) => {
      this.labels[i].hidden = !ready || text === null;
      this.labels[i].textContent = text;
    });
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', shown ? `${shown.title}: ${names.join(' and ')}` : 'No photo yet');
    this.element.dataset.painting = String(look.painting);
    // While there is nothing to pan, a vertical swipe scrolls the page.
    this.element.style.touchAction = look.painting || look.loupe || this.view.roams ? 'none' : 'pan-y';
    this.element.dataset.glass = String(look.loupe && this.pointer !== null);
  }

  /** @param {Pointer} pointer */
  drawGlass(pointer) {
    drawLoupe(this.context, this.view, this.fold(pointer), pointer, {
      width: this.element.clientWidth,
      ground: GROUND,
    });
  }

  /** @param {import('./compare.js').Pane[]} all @param {Info} info */
  drawMask(all, info) {
    const { context, view } = this;
    const { whole, scale } = view;
    const mask = session.shown?.mask;
    context.globalAlpha = MASK_ALPHA;
    if (mask)
      all.forEach((pane) =>
        context.drawImage(mask.canvas, whole.x + pane.x, whole.y, whole.width, whole.height),
      );
    context.globalAlpha = 1;
    if (!this.pointer) return;
    context.beginPath();
    context.arc(
      this.pointer.x,
      this.pointer.y,
      (this.brush.size * perSize(info) * scale) / 2,
      0,
      2 * Math.PI,
    );
    for (const [width, colour] of RIM) {
      Object.assign(context, { lineWidth: width, strokeStyle: colour });
      context.stroke();
    }
  }

  /** @param {'begin' | 'to' | 'end' | 'undo'} kind @param {Point} [point] */
  stroke(kind, point) {
    const { shown: photo, variant } = session;
    if (!photo || !variant?.info) return;
    const { width, height } = variant.info;
    photo.mask ??= new Mask(width, height);
    if (kind === 'undo') photo.mask.undo();
    if (point) {
      const place = this.view.place(point.x, point.y);
      const on = { x: place.x * width, y: place.y * height };
      if (kind === 'begin') photo.mask.begin(this.brush.size * perSize(variant.info), this.brush.erase, on);
      else photo.mask.to(on);
    }
    if (kind === 'end') session.changed();
    this.draw();
  }

  destroy() {
    this.observer.disconnect();
  }
}

/** The brush size refers to a photo 1,000 pixels wide and is scaled to the actual one. @param {Info} info */
function perSize({ width, height }) {
  return Math.max(width, height) / 1000;
}
