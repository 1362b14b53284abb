/**
 * Interpolate: from A to B, straight and along an arc through the latent space, and by blending
 * pixels. The chosen path lies on the map; t, Play and a click on a frame move the code along it.
 */

import { h } from './dom.js';
import { newestOnly } from './follow.js';
import { codeOf, randomPoint } from './gallery.js';
import { blendPixels, PATHS, path } from './paths.js';
import { Slots } from './slots.js';
import { randomCode } from './start.js';
import { readCode } from './state.js';
import { Strip, stack } from './strip.js';
import { button, tabs } from './toolbar.js';

const FRAMES = 11;
const STEPS = 200; // of the slider
const ON_MAP = 33; // places of a path on the map
const TRIP_MS = 2600; // from A to B while playing
const STEP_MS = 600; // a frame, where motion is to be reduced
const NEAR = 0.01;

const KINDS = [
  { id: 'lerp', label: 'Straight', title: 'Latent space, straight: each number changes evenly' },
  { id: 'slerp', label: 'Spherical', title: 'Latent space, spherical: along an arc around zero' },
];

/** @param {import('./modes.js').Stage} stage */
export function open(stage) {
  return new Interpolate(stage);
}

class Interpolate {
  /** @param {import('./modes.js').Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const { gallery, state } = stage;
    const { params, z } = state.view;
    this.kind = params.path in PATHS ? params.path : 'lerp';
    this.t = Math.min(1, Math.max(0, Number(params.t) || 0));
    this.mine = z;
    this.build();
    this.slots = new Slots(
      stage,
      [
        { id: 'a', sign: 'A' },
        { id: 'b', sign: 'B' },
      ],
      (slot, time) => this.filled(slot, time),
    );
    [this.a, this.b] = this.slots.list;
    this.element.prepend(this.a.element);
    this.element.append(this.b.element);

    const [a, b] = ['a', 'b'].map((id) => readCode(params[id], gallery.latentDim));
    if (a) this.a.restore(a);
    else this.a.fill(z, { point: state.view.point });
    if (b) this.b.restore(b);
    else this.fillAnother(state.view.point);
    this.onPath = this.code.every((value, j) => Math.abs(value - z[j]) < NEAR);
    this.show();
  }

  build() {
    const { gallery } = this.stage;
    const strip = (id, label) =>
      new Strip(gallery.imageShape, FRAMES, {
        testid: `aeviz-strip-${id}`,
        label,
        onChoose: (frame, time) => {
          if (id in PATHS) this.choose(id);
          this.pause();
          this.go(frame / (FRAMES - 1), time);
        },
      });
    this.strips = {
      lerp: strip('lerp', KINDS[0].title),
      slerp: strip('slerp', KINDS[1].title),
      pixels: strip('pixels', 'Blended pixels'),
    };
    this.tabs = tabs(KINDS, {
      name: 'Path',
      testid: 'aeviz-path',
      onChoose: (id) => {
        this.choose(id);
        if (this.onPath) this.go(this.t);
      },
    });
    this.play = button(
      '▶ Play',
      'There and back along the path',
      () => (this.playing ? this.pause() : this.start()),
      {
        'data-testid': 'aeviz-play',
      },
    );
    this.input = h('input', {
      type: 'range',
      min: 0,
      max: STEPS,
      step: 1,
      'data-testid': 'aeviz-t',
      'aria-label': 'From A to B',
      oninput: (event) => {
        this.pause();
        this.go(this.input.valueAsNumber / STEPS, event.timeStamp);
      },
    });
    this.output = h('output', { class: 'aeviz-readout' });
    const row = (strip, title) =>
      h('div', { class: 'aeviz-strip-row' }, h('p', { class: 'aeviz-muted' }, title), strip.element);
    this.rows = {
      lerp: row(this.strips.lerp, KINDS[0].title),
      slerp: row(this.strips.slerp, KINDS[1].title),
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
    this.draw = newestOnly((ends) => this.decode(ends));
  }

  /** B for a start: an image of another class than A's. */
  fillAnother(point) {
    const { gallery } = this.stage;
    const label = point === null ? -1 : gallery.labels[point];
    const others = gallery.classNames.map((_, i) => i).filter((i) => i !== label);
    const other = others[Math.floor(others.length * Math.random())] ?? null;
    const found = randomPoint(gallery, other) ?? randomPoint(gallery, null);
    if (found === null) this.b.fill(randomCode(gallery), { what: 'random' });
    else this.b.fill(codeOf(gallery, found), { point: found });
  }

  /** The code at t. */
  get code() {
    return PATHS[this.kind](this.a.z, this.b.z, this.t);
  }

  /** A slot has another code. A place taken from the map is where the code is already. */
  filled(slot, time) {
    if (!this.b?.z) return;
    this.draw({ a: this.a.z, b: this.b.z });
    this.drawPath();
    if (slot.z === this.mine) {
      this.onPath = true;
      this.setT(slot === this.a ? 0 : 1);
    } else if (this.onPath) {
      this.go(this.t, time);
    }
  }

  /** Decode both paths in one request; the pixels are blended here. */
  async decode({ a, b }) {
    const { client, signal } = this.stage;
    const codes = new Float32Array(2 * FRAMES * a.length);
    codes.set(path(a, b, FRAMES, 'lerp'));
    codes.set(path(a, b, FRAMES, 'slerp'), FRAMES * a.length);
    const pixels = await client.decode(codes);
    if (signal.aborted) return;
    const size = pixels.length / (2 * FRAMES);
    const [first, last] = [pixels.subarray(0, size), pixels.subarray((FRAMES - 1) * size, FRAMES * size)];
    const blended = new Uint8Array(FRAMES * size);
    for (let i = 0; i < FRAMES; i += 1) blended.set(blendPixels(first, last, i / (FRAMES - 1)), i * size);
    this.strips.lerp.draw(pixels.subarray(0, FRAMES * size));
    this.strips.slerp.draw(pixels.subarray(FRAMES * size));
    this.strips.pixels.draw(blended);
    this.a.decoded.draw(first);
    this.b.decoded.draw(last);
  }

  /** Move the code to t. */
  go(t, time = performance.now()) {
    this.setT(t);
    this.onPath = true;
    this.slots.arm(null);
    const atEnd = { 0: this.a, 1: this.b }[t];
    const { state } = this.stage;
    this.mine = state.guard(atEnd ? atEnd.z : this.code);
    state.go(this.mine, null, time);
  }

  setT(t) {
    this.t = t;
    this.stage.state.remember({ t: Number(t.toFixed(3)), path: this.kind });
    this.show();
  }

  choose(kind) {
    this.kind = kind;
    this.stage.state.remember({ path: kind });
    this.drawPath();
    this.show();
  }

  show() {
    const { t, kind } = this;
    this.tabs.choose(kind);
    this.input.value = String(Math.round(STEPS * t));
    this.input.style.setProperty('--fill', `${100 * t}%`);
    this.input.setAttribute('aria-valuetext', `t = ${t.toFixed(2)}`);
    this.output.textContent = `t = ${t.toFixed(2)}`;
    for (const [id, strip] of Object.entries(this.strips)) {
      strip.point(t);
      this.rows[id].toggleAttribute('data-chosen', id === kind);
    }
  }

  /** Both paths on the map, the chosen one whole, the other dashed. */
  drawPath() {
    const { map, projection } = this.stage;
    const { a, b } = this;
    if (!map || !b.z) return;
    const { toPlace } = projection();
    for (const { id } of KINDS) {
      const codes = path(a.z, b.z, ON_MAP, id);
      const d = a.z.length;
      const places = Array.from({ length: ON_MAP }, (_, i) => toPlace(codes.subarray(i * d, (i + 1) * d)));
      map.setPath(places, { key: id, dashed: id !== this.kind });
    }
    map.setMarkers(
      [a, b].map((slot) => {
        const [x, y] = toPlace(slot.z);
        return { x, y, label: slot.id.toUpperCase() };
      }),
    );
  }

  start() {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    let way = this.t >= 1 ? -1 : 1;
    let last = performance.now();
    const frame = (now) => {
      this.playing = requestAnimationFrame(frame);
      if (calm && now - last < STEP_MS) return;
      const step = calm ? 1 / (FRAMES - 1) : Math.min(0.1, (now - last) / TRIP_MS);
      last = now;
      let t = this.t + way * Math.max(0, step);
      if (t >= 1 || t <= 0) {
        t = Math.min(1, Math.max(0, t));
        way = -way;
      }
      this.go(t, now);
    };
    this.playing = requestAnimationFrame(frame);
    this.play.textContent = '❚❚ Pause';
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.play.textContent = '▶ Play';
  }

  update(view, patch, time) {
    if ('projection' in patch) this.drawPath();
    if (!('z' in patch) || view.z === this.mine) return;
    this.mine = view.z;
    this.pause(); // the person has taken the code into the hand
    this.onPath = false;
    this.slots.take(view, time);
  }

  picture() {
    return stack(Object.values(this.strips));
  }

  close() {
    this.pause();
    const { map } = this.stage;
    for (const { id } of KINDS) map?.setPath(null, { key: id });
    map?.setMarkers([]);
  }
}
