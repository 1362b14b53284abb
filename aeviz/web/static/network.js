/**
 * The network as an editable picture: one bar per layer, whose height is the layer's width on a
 * logarithmic scale; the code in the middle, the decoder as the encoder's mirror image. A drag on a
 * bar, the number below it, and + and - above it change the network; the new one is passed to
 * Python as the component's value `edited`: {edit, hidden, channels, code}.
 */

import { h, svg } from './dom.js';
import { Controls } from './network_controls.js';
import { columnsOf, nearby, resized } from './network_layers.js';
import {
  ABOVE,
  BAR,
  gripOf,
  HEIGHT,
  HIGHEST,
  heightOf,
  MARGIN,
  MIDDLE,
  shapesOf,
  sizeOf,
} from './network_shapes.js';

/** @import { Limits, Network } from './network_layers.js' */
/** @import { Place } from './network_shapes.js' */
/** @import { Component } from './types.js' */

/**
 * @typedef {Network & {edit: number, limits: Limits, facts: [string, string, string][]}} NetworkData
 *   `edit` is the number of the newest edit that Python knows; of a fact the second part is bold
 * @typedef {Place & {largest: number, moved: boolean}} Drag
 *   of a bar; `largest` is the size of the largest layer when it began
 */

const STEP = { least: 54, most: 104 };
const REST_MS = 350;

/** @type {WeakMap<HTMLElement, Picture>} */
const pictures = new WeakMap();

/** @param {Component<NetworkData>} component */
export default (component) => {
  const { parentElement } = component;
  const picture = pictures.get(parentElement) ?? new Picture(component);
  pictures.set(parentElement, picture);
  picture.show(component);
  return () => picture.rest();
};

class Picture {
  /** @param {Component<NetworkData>} component */
  constructor({ data, parentElement, setStateValue }) {
    this.net = networkOf(data);
    this.limits = data.limits;
    this.send = setStateValue;
    this.edit = 0;
    this.waiting = 0;
    /** @type {Drag | null} */
    this.drag = null;
    /** @type {Place[]} */
    this.places = [];
    this.largest = 1;
    this.shapes = svg('g');
    this.grips = svg('g');
    this.drawing = svg('svg', { class: 'av-net-drawing', 'aria-hidden': 'true' }, this.shapes, this.grips);
    this.stage = h('div', { class: 'av-net-stage' }, this.drawing);
    this.controls = new Controls(this.stage, {
      change: (net, soon) => this.change(net, soon),
      redraw: () => this.draw(),
    });
    this.words = h('p', { class: 'av-net-words' });
    this.facts = h('div', { class: 'av-net-facts' });
    this.root = h(
      'div',
      { class: 'av-net', 'data-testid': 'aeviz-network' },
      h('div', { class: 'av-net-frame' }, this.stage),
      this.words,
      this.facts,
    );
    parentElement.append(this.root);
    this.watch = new ResizeObserver(() => this.draw());
  }

  /**
   * The network as Python knows it; if it is older than the newest edit here, only its limits count.
   * @param {Component<NetworkData>} component
   */
  show({ data, setStateValue }) {
    this.send = setStateValue;
    this.limits = data.limits;
    this.watch.observe(this.root);
    if (data.edit < this.edit) return;
    this.edit = data.edit;
    if (!this.drag) this.net = networkOf(data);
    this.facts.replaceChildren(
      ...data.facts.map(([before, bold, after]) => h('span', {}, before, h('b', {}, bold), after)),
    );
    this.facts.hidden = !data.facts.length;
    this.facts.classList.remove('av-net-stale');
    this.draw();
  }

  rest() {
    this.watch.disconnect();
  }

  /**
   * Replace the network, and pass it to Python at once, or soon if more changes are expected.
   * @param {Network} net
   */
  change(net, soon = false) {
    this.net = net;
    this.draw();
    this.edit += 1;
    this.facts.classList.add('av-net-stale');
    clearTimeout(this.waiting);
    const { edit } = this;
    const { hidden, channels, code } = net;
    const send = () => this.send('edited', { edit, hidden, channels, code });
    if (soon) this.waiting = setTimeout(send, REST_MS);
    else send();
  }

  draw() {
    const columns = columnsOf(this.net);
    const largest = this.drag?.largest ?? Math.max(...columns.map(({ size }) => size));
    const room = this.root.clientWidth;
    if (!room) return;
    const gaps = columns.length - 1;
    const step = Math.min(STEP.most, Math.max(STEP.least, (room - 2 * MARGIN - BAR) / gaps));
    const needed = gaps * step + BAR + 2 * MARGIN;
    const width = Math.max(room, needed);
    const start = MARGIN + BAR / 2 + (width - needed) / 2;
    this.places = columns.map((column, i) => ({
      ...column,
      x: start + i * step,
      height: heightOf(column.size, largest),
    }));
    this.largest = largest;
    this.stage.style.width = `${width}px`;
    this.drawing.setAttribute('width', String(width));
    this.drawing.setAttribute('height', String(HEIGHT));
    this.paint();
    const code = this.places.findIndex(({ role }) => role === 'code');
    this.controls.show(this.net, this.places.slice(0, code + 1), step, this.limits);
    const labels = columns.map(({ role, label }) => (role === 'code' ? `[${label}]` : label));
    this.words.textContent = `The network, layer by layer: ${labels.join(' to ')}`;
  }

  paint() {
    this.shapes.replaceChildren(...shapesOf(this.places, this.drag));
    this.drawing.classList.toggle('av-net-dragging', Boolean(this.drag));
    if (this.drag) return; // the element under a finger must stay, or its moves go elsewhere
    const layers = this.places.filter(({ role }) => role !== 'image');
    this.grips.replaceChildren(...layers.map((place) => gripOf(place, (event) => this.take(event, place))));
  }

  /** Grab a bar and resize it. @param {PointerEvent} event @param {Place} place */
  take(event, place) {
    if (event.button || this.drag) return;
    event.preventDefault();
    const from = event.clientY;
    const side = from - this.drawing.getBoundingClientRect().top < MIDDLE ? -1 : 1;
    /** @type {Drag} */
    const drag = { ...place, largest: this.largest, moved: false };
    this.drag = drag;
    const before = this.net;
    const move = (/** @type {PointerEvent} */ { clientY, pointerId }) => {
      if (pointerId !== event.pointerId) return;
      if (Math.abs(clientY - from) > 3) drag.moved = true;
      if (!drag.moved) return;
      const height = place.height + 2 * side * (clientY - from);
      const size = sizeOf(Math.min(height, HIGHEST + 2 * ABOVE), this.largest);
      this.net = resized(before, place, nearby(size / place.each), this.limits);
      this.draw();
    };
    const end =
      (/** @type {boolean} */ given) =>
      (/** @type {PointerEvent} */ { pointerId }) => {
        if (pointerId !== event.pointerId) return;
        leaving.abort();
        const after = this.net;
        this.drag = null;
        if (!given) this.net = before;
        if (given && drag.moved && after !== before) this.change(after);
        else this.draw();
        if (given && !drag.moved) this.controls.select(place);
      };
    // On the whole window, because the pointer may leave the bar during the drag.
    const leaving = new AbortController();
    const { signal } = leaving;
    window.addEventListener('pointermove', move, { signal });
    window.addEventListener('pointerup', end(true), { signal });
    window.addEventListener('pointercancel', end(false), { signal });
    this.draw();
  }
}

/** @param {NetworkData} data @returns {Network} */
function networkOf({ kind, shape, hidden, channels, code }) {
  return { kind, shape, hidden, channels, code };
}
