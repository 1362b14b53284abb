/**
 * Interpolate: from A to B, straight and along an arc through the latent space, and by blending
 * pixels. The chosen path is on the map; t, Play and a click on a frame move the code along it.
 */

import { newestOnly } from './follow.js';
import { codeOf, randomPoint } from './gallery.js';
import { FRAMES, InterpolateView, KINDS } from './interpolate_view.js';
import { blendPixels, PATHS, path } from './paths.js';
import { Slots } from './slots.js';
import { randomCode } from './start.js';
import { readCode } from './state.js';
import { Trip } from './trip.js';

/** @import { Kind } from './interpolate_view.js' */
/** @import { Panel, Stage } from './modes.js' */
/** @import { Slot } from './slot.js' */
/** @import { Listener } from './state.js' */

const ON_MAP = 33; // points of a path on the map
const NEAR = 0.01;

/** @param {Stage} stage */
export function open(stage) {
  return new Interpolate(stage);
}

/** @implements {Panel} */
class Interpolate {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const { gallery, state } = stage;
    const { params, z } = state.view;
    /** @type {Kind} */
    this.kind = params.path === 'slerp' ? 'slerp' : 'lerp';
    this.t = Math.min(1, Math.max(0, Number(params.t) || 0));
    this.mine = z;
    this.onPath = false;
    this.draw = newestOnly((/** @type {{a: Float32Array, b: Float32Array}} */ ends) => this.decode(ends));
    this.trip = new Trip(1 / (FRAMES - 1), (t, now) => this.go(t, now));
    this.view = new InterpolateView(gallery.imageShape, {
      onKind: (kind) => {
        this.choose(kind);
        if (this.onPath) this.go(this.t);
      },
      onFrame: (strip, t, time) => {
        if (strip !== 'pixels') this.choose(strip);
        this.pause();
        this.go(t, time);
      },
      onSlide: (t, time) => {
        this.pause();
        this.go(t, time);
      },
      onPlay: () => (this.trip.going ? this.pause() : this.start()),
    });
    const ids = [
      { id: 'a', sign: 'A' },
      { id: 'b', sign: 'B' },
    ];
    this.slots = new Slots(stage, ids, (slot, time) => this.filled(slot, time));
    this.a = this.slots.list[0];
    this.b = this.slots.list[1];
    this.element = this.view.element;
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

  /** The initial B: an image of another class than A's. @param {number | null} point */
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

  /**
   * A slot has a new code. A place from the map is already the current code.
   * @param {Slot} slot
   * @param {number} time
   */
  filled(slot, time) {
    if (!this.b?.filled) return;
    this.draw({ a: this.a.z, b: this.b.z });
    this.drawPath();
    if (slot.z === this.mine) {
      this.onPath = true;
      this.setT(slot === this.a ? 0 : 1);
    } else if (this.onPath) {
      this.go(this.t, time);
    }
  }

  /**
   * Decode both paths in one request; the pixels are blended here.
   * @param {{a: Float32Array, b: Float32Array}} ends
   */
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
    this.view.strips.lerp.draw(pixels.subarray(0, FRAMES * size));
    this.view.strips.slerp.draw(pixels.subarray(FRAMES * size));
    this.view.strips.pixels.draw(blended);
    this.a.decoded.draw(first);
    this.b.decoded.draw(last);
  }

  /** Move the code to t. @param {number} t */
  go(t, time = performance.now()) {
    this.setT(t);
    this.onPath = true;
    this.slots.arm(null);
    const atEnd = t === 0 ? this.a : t === 1 ? this.b : null;
    const { state } = this.stage;
    this.mine = state.guard(atEnd ? atEnd.z : this.code);
    state.go(this.mine, null, time);
  }

  /** @param {number} t */
  setT(t) {
    this.t = t;
    this.stage.state.remember({ t: Number(t.toFixed(3)), path: this.kind });
    this.show();
  }

  /** @param {Kind} kind */
  choose(kind) {
    this.kind = kind;
    this.stage.state.remember({ path: kind });
    this.drawPath();
    this.show();
  }

  show() {
    this.view.show(this.t, this.kind);
  }

  /** Both paths on the map, the chosen one solid, the other dashed. */
  drawPath() {
    const { map, projection } = this.stage;
    const { a, b } = this;
    if (!map || !b.filled) return;
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
    this.trip.start(this.t);
    this.view.showPlaying(true);
  }

  pause() {
    this.trip.stop();
    this.view.showPlaying(false);
  }

  /** @type {Listener} */
  update(view, patch, time) {
    if ('projection' in patch) this.drawPath();
    if (!('z' in patch) || view.z === this.mine) return;
    this.mine = view.z;
    this.pause(); // the person drags the code
    this.onPath = false;
    this.slots.take(view, time);
  }

  picture() {
    return this.view.picture();
  }

  close() {
    this.pause();
    const { map } = this.stage;
    for (const { id } of KINDS) map?.setPath(null, { key: id });
    map?.setMarkers([]);
  }
}
