/**
 * The network as a picture that can be edited: one bar per layer, as high as the layer is wide on a
 * logarithmic scale, the code in the middle, the decoder as the encoder's mirror image. A drag on a
 * bar, the number beneath it, and + and - above it change the network; the new one is handed to
 * Python as the component's value `edited`: {edit, hidden, channels, code}.
 */

import { h, svg } from './dom.js';
import { columnsOf, inserted, nearby, without } from './network_layers.js';

const BAR = 14;
const STEP = { least: 54, most: 104 };
const MARGIN = 30;
const TOP = 38;
const LOWEST = 10;
const HIGHEST = 150;
const ABOVE = 14; // how far a bar can be drawn out beyond the highest
const MIDDLE = TOP + ABOVE + HIGHEST / 2;
const BELOW = TOP + ABOVE + HIGHEST + 8;
const HEIGHT = BELOW + 66;
const REST_MS = 350;

const pictures = new WeakMap();

/** @param {{data: any, parentElement: HTMLElement, setStateValue: (name: string, value: any) => void}}
 *   component */
export default (component) => {
  const { parentElement } = component;
  const picture = pictures.get(parentElement) ?? new Picture(parentElement);
  pictures.set(parentElement, picture);
  picture.show(component);
  return () => picture.rest();
};

class Picture {
  constructor(parent) {
    this.shapes = svg('g');
    this.grips = svg('g');
    this.drawing = svg('svg', { class: 'av-net-drawing', 'aria-hidden': 'true' }, this.shapes, this.grips);
    this.controls = new Map(); // by what they do: their focus outlives a change
    this.stage = h('div', { class: 'av-net-stage' }, this.drawing);
    this.words = h('p', { class: 'av-net-words' });
    this.facts = h('div', { class: 'av-net-facts' });
    this.root = h(
      'div',
      { class: 'av-net', 'data-testid': 'aeviz-network' },
      h('div', { class: 'av-net-frame' }, this.stage),
      this.words,
      this.facts,
    );
    parent.append(this.root);
    this.edit = 0;
    this.drag = null;
    this.watch = new ResizeObserver(() => this.draw());
  }

  /** What Python knows; older than the newest edit here, only its limits count. */
  show({ data, setStateValue }) {
    this.send = setStateValue;
    this.limits = data.limits;
    this.watch.observe(this.root);
    if (data.edit < this.edit) return;
    this.edit = data.edit;
    const { kind, shape, hidden, channels, code } = data;
    if (!this.drag) this.net = { kind, shape, hidden, channels, code };
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

  /** The network from now on; told to Python at once, or where more is to be expected, soon. */
  change(net, soon = false) {
    this.net = net;
    this.draw();
    this.edit += 1;
    this.facts.classList.add('av-net-stale');
    clearTimeout(this.waiting);
    const { edit } = this;
    const { hidden, channels, code } = net;
    const tell = () => this.send('edited', { edit, hidden, channels, code });
    if (soon) this.waiting = setTimeout(tell, REST_MS);
    else tell();
  }

  draw() {
    const columns = columnsOf(this.net);
    const sizes = columns.map((column) => column.size);
    const largest = this.drag?.largest ?? Math.max(...sizes);
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
    this.drawing.setAttribute('width', width);
    this.drawing.setAttribute('height', HEIGHT);
    this.paint();
    this.place(step);
    const labels = columns.map(({ role, label }) => (role === 'code' ? `[${label}]` : label));
    this.words.textContent = `The network, layer by layer: ${labels.join(' to ')}`;
  }

  paint() {
    const { places } = this;
    const parts = [];
    places.slice(1).forEach((right, i) => parts.push(wedge(places[i], right)));
    for (const place of places) {
      const { x, height, role, at } = place;
      const chosen = this.drag && this.drag.at === at && this.drag.role === role;
      const bar = svg('rect', {
        x: x - BAR / 2,
        y: MIDDLE - height / 2,
        width: BAR,
        height,
        rx: 3,
        class: `av-net-${role === 'code' ? 'code' : 'layer'}${chosen ? ' av-net-chosen' : ''}`,
      });
      parts.push(bar);
      if (role === 'image' || place.mirrored) parts.push(label(x, place.label));
      else if (role === 'channels') parts.push(label(x, place.label.replace(/^\d+/, ''), 1));
    }
    const code = places.findIndex(({ role }) => role === 'code');
    const [first, middle, last] = [places[0].x, places[code].x, places.at(-1).x];
    for (const [x, name] of [
      [first, 'image'],
      [(first + middle) / 2, 'encoder'],
      [middle, 'code'],
      [(middle + last) / 2, 'decoder'],
      [last, 'image'],
    ]) {
      parts.push(svg('text', { x, y: HEIGHT - 6, class: 'av-net-role' }, name));
    }
    this.shapes.replaceChildren(...parts);
    this.drawing.classList.toggle('av-net-dragging', Boolean(this.drag));
    if (this.drag) return; // what a finger holds must stay, or its moves go elsewhere
    this.grips.replaceChildren(
      ...places.filter(({ role }) => role !== 'image').map((place) => this.grip(place)),
    );
  }

  /** What a hand takes hold of: the two ends of a bar, and an area around it. */
  grip(place) {
    const { x, height } = place;
    const ends = [-1, 1].map((side) =>
      svg('line', {
        x1: x - 9,
        x2: x + 9,
        y1: MIDDLE + (side * height) / 2,
        y2: MIDDLE + (side * height) / 2,
        class: 'av-net-end',
      }),
    );
    const area = svg('rect', {
      x: x - 18,
      width: 36,
      class: 'av-net-grip',
      y: MIDDLE - height / 2 - 12,
      height: height + 24,
    });
    area.addEventListener('pointerdown', (event) => this.take(event, place));
    // A finger on a bar draws it out and does not scroll: `touch-action` of a part of an SVG is
    // not heeded everywhere.
    area.addEventListener('touchstart', (event) => event.preventDefault(), { passive: false });
    return svg('g', { class: 'av-net-handle' }, ...ends, area);
  }

  take(event, place) {
    if (event.button || this.drag) return;
    event.preventDefault();
    const from = event.clientY;
    const side = from - this.drawing.getBoundingClientRect().top < MIDDLE ? -1 : 1;
    this.drag = { ...place, largest: this.largest, moved: false };
    const before = this.net;
    const move = ({ clientY, pointerId }) => {
      if (pointerId !== event.pointerId) return;
      if (Math.abs(clientY - from) > 3) this.drag.moved = true;
      if (!this.drag.moved) return;
      const height = place.height + 2 * side * (clientY - from);
      const size = sizeOf(Math.min(height, HIGHEST + 2 * ABOVE), this.largest);
      this.net = this.with(place, nearby(size / place.each), before);
      this.draw();
    };
    const end =
      (given) =>
      ({ pointerId }) => {
        if (pointerId !== event.pointerId) return;
        leaving.abort();
        const { moved } = this.drag;
        const after = this.net;
        this.drag = null;
        if (!given) this.net = before;
        if (given && moved && after !== before) this.change(after);
        else this.draw();
        if (given && !moved) this.controls.get(`${place.role}-${place.at}`)?.select();
      };
    // Of the whole window: a hand may leave the bar while it draws it out.
    const leaving = new AbortController();
    const { signal } = leaving;
    window.addEventListener('pointermove', move, { signal });
    window.addEventListener('pointerup', end(true), { signal });
    window.addEventListener('pointercancel', end(false), { signal });
    this.draw();
  }

  /** `net` with `width` nodes, channels or numbers at a place, within the limits. */
  with({ role, at }, width, net = this.net) {
    const limit = role === 'code' ? this.limits.code : this.limits.width;
    const value = Math.max(1, Math.min(limit, width));
    if (role === 'code') return { ...net, code: value };
    return { ...net, [role]: net[role].map((old, i) => (i === at ? value : old)) };
  }

  /** Buttons and numbers over the drawing, in the order of the layers. */
  place(step) {
    const shown = new Set();
    const put = (key, make, x, y) => {
      let control = this.controls.get(key);
      if (!control) {
        control = make();
        this.controls.set(key, control);
        this.stage.append(control);
      }
      control.style.transform = `translate(${x}px, ${y}px) translate(-50%, 0)`;
      shown.add(key);
      return control;
    };
    const code = this.places.findIndex(({ role }) => role === 'code');
    const half = this.places.slice(0, code + 1);
    half.forEach((place, i) => {
      const { role, at, x } = place;
      if (role !== 'image') this.number(put, place, step);
      if ((role === 'hidden' || role === 'channels') && without(this.net, role, at)) {
        const name = `Remove ${nameOf(place, this.net)}`;
        const button = put(`remove-${i}`, () => iconButton('−', 'remove', i), x, 4);
        button.onclick = () => this.change(without(this.net, role, at));
        describe(button, name);
      }
      const next = inserted(this.net, i, this.limits);
      if (role === 'code' || !next) return;
      const button = put(`add-${i}`, () => iconButton('+', 'add', i), x + step / 2, 4);
      button.onclick = () => this.change(next.net);
      describe(
        button,
        `Add a layer of ${next.width} ${next.role === 'channels' ? 'channels' : 'nodes'}` +
          ` between ${i ? nameOf(place, this.net) : 'the image'} and ${nameOf(half[i + 1], this.net)}`,
      );
    });
    for (const [key, control] of this.controls) {
      if (shown.has(key)) continue;
      if (control === document.activeElement) this.passFocus(control, shown);
      this.controls.delete(key);
      control.remove();
    }
  }

  /** Where the button with the focus goes away, the next one has it. */
  passFocus(control, shown) {
    const key = [...shown].reverse().find((name) => name.startsWith('add-'));
    if (key) this.controls.get(key).focus();
    else control.blur();
  }

  number(put, place, step) {
    const { role, at, x } = place;
    const value = role === 'code' ? this.net.code : this.net[role][at];
    const key = `${role}-${at}`;
    const input = put(
      key,
      () =>
        h('input', {
          type: 'text',
          inputmode: 'numeric',
          role: 'spinbutton',
          autocomplete: 'off',
          maxlength: 5,
          class: `av-net-number${role === 'code' ? ' av-net-number-code' : ''}`,
          'data-testid': `aeviz-width-${key}`,
        }),
      x,
      BELOW,
    );
    input.style.width = `${Math.min(56, step - 6)}px`;
    describe(
      input,
      `${nameOf(place, this.net)}: ${{ code: 'numbers', channels: 'channels', hidden: 'nodes' }[role]}`,
    );
    input.setAttribute('aria-valuenow', value);
    input.setAttribute('aria-valuemin', 1);
    input.setAttribute('aria-valuemax', role === 'code' ? this.limits.code : this.limits.width);
    if (!input.typing) input.value = value;
    input.onfocus = () => input.select();
    input.oninput = () => {
      input.typing = true;
    };
    const take = () => {
      const typed = Number(input.value);
      const changed = input.typing && Number.isInteger(typed) && typed > 0 && typed !== value;
      input.typing = false;
      if (changed) this.change(this.with(place, typed));
      else this.draw();
    };
    input.onblur = take;
    input.onkeydown = (event) => {
      const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 2, PageDown: 0.5 }[event.key];
      if (event.key === 'Enter') take();
      else if (event.key === 'Escape') {
        input.typing = false;
        this.draw();
      } else if (steps) {
        event.preventDefault();
        input.typing = false;
        const next = event.key.startsWith('Page') ? Math.round(value * steps) : nearby(value, steps);
        this.change(this.with(place, next), true);
      } else return;
      input.select();
    };
  }
}

/** Pixels: LOWEST for one value, HIGHEST for the largest layer, and more for a larger one. */
function heightOf(size, largest) {
  return LOWEST + (HIGHEST - LOWEST) * (Math.log1p(size) / Math.log1p(largest));
}

function sizeOf(height, largest) {
  return Math.expm1(((height - LOWEST) / (HIGHEST - LOWEST)) * Math.log1p(largest));
}

function wedge(left, right) {
  const [x1, x2] = [left.x + BAR / 2, right.x - BAR / 2];
  const points = [
    [x1, -left.height],
    [x2, -right.height],
    [x2, right.height],
    [x1, left.height],
  ];
  return svg('polygon', {
    points: points.map(([x, height]) => `${x},${MIDDLE + height / 2}`).join(' '),
    class: 'av-net-wedge',
  });
}

/** A layer's shape beneath its bar: channels, then the size of the image. */
function label(x, text, from = 0) {
  const [first, ...rest] = text.split('x');
  const lines = [first + (rest.length && first ? ' ×' : ''), rest.join('×')];
  return svg(
    'text',
    { y: BELOW + (from ? 24 : 16), class: 'av-net-size' },
    ...lines.map((line, i) =>
      svg(
        'tspan',
        {
          x,
          dy: i ? 16 : 0,
        },
        i >= from && line ? `${from ? '×' : ''}${line}` : '',
      ),
    ),
  );
}

function nameOf({ role, at }, net) {
  if (role === 'code') return 'the code';
  if (role === 'channels') return `conv layer ${at + 1}`;
  return net.kind === 'conv' ? `dense layer ${at + 1}` : `layer ${at + 1}`;
}

function iconButton(sign, name, i) {
  return h(
    'button',
    {
      type: 'button',
      class: `av-net-button av-net-${name}`,
      'data-testid': `aeviz-layer-${name}-${i}`,
    },
    sign,
  );
}

function describe(control, text) {
  const words = text[0].toUpperCase() + text.slice(1);
  control.setAttribute('aria-label', words);
  control.title = words;
}
