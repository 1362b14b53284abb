/**
 * Arithmetic: A - B + C, the difference between A and B added to C; and the code moved along the direction
 * from one class to another. In the address: `a`, `b`, `c`, `from`, `to`, `amount`.
 */

import { telling } from './analogy.js';
import { Picture, sideBySide } from './canvas.js';
import { ClassDirection, whyNoDirection } from './class_direction.js';
import { flat } from './decoding.js';
import { h } from './dom.js';
import { newestOnly } from './follow.js';
import { codeOf, nearest, randomPoint } from './gallery.js';
import { analogy } from './paths.js';
import { Slots } from './slots.js';
import { randomCode, startingCode } from './start.js';
import { readCode } from './state.js';
import { stack } from './strip.js';
import { button } from './toolbar.js';

/** @import { Panel, Stage } from './modes.js' */
/** @import { Slot } from './slot.js' */
/** @import { Listener } from './state.js' */

const SLOTS = [
  { id: 'a', sign: 'A' },
  { id: 'b', sign: 'B' },
  { id: 'c', sign: 'C' },
];

/** @param {Stage} stage */
export function open(stage) {
  return new Arithmetic(stage);
}

/** @implements {Panel} */
class Arithmetic {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.mine = stage.state.view.z;
    this.result = new Picture(stage.gallery.imageShape, {
      'data-testid': 'aeviz-result',
      'aria-label': 'A minus B plus C',
    });
    this.decode = newestOnly((/** @type {Float32Array[]} */ codes) => this.draw(codes));
    this.slots = new Slots(stage, SLOTS, () => this.show());
    this.a = this.slots.list[0];
    this.b = this.slots.list[1];
    this.c = this.slots.list[2];
    const [labelA, labelC] = this.fill();
    this.direction = ClassDirection.of(stage, [labelA, labelC], (...code) => this.go(...code));
    this.element = this.build();
  }

  build() {
    const keep = button(
      'Keep',
      'Go there: the result becomes the code',
      (event) => {
        this.go(this.code, null, event.timeStamp);
        this.direction?.begin(this.stage.state.view);
      },
      { 'data-testid': 'aeviz-keep' },
    );
    const sign = (/** @type {string} */ text) => h('span', { class: 'aeviz-sumsign' }, text);
    return h(
      'div',
      { class: 'aeviz-arithmetic' },
      h(
        'div',
        { class: 'aeviz-sum' },
        this.a.element,
        sign('−'),
        this.b.element,
        sign('+'),
        this.c.element,
        sign('='),
        h(
          'section',
          { class: 'aeviz-slot', 'aria-label': 'Result' },
          h('h4', { class: 'aeviz-slot-head' }, 'Result'),
          this.result.canvas,
          h('div', { class: 'aeviz-slot-row' }, keep),
        ),
      ),
      this.direction?.element ?? whyNoDirection(this.stage.gallery),
    );
  }

  /**
   * Fill the slots from the address, or else with an example of the code's class. A is the code
   * itself once the person has chosen one. Returns the classes of A and C.
   */
  fill() {
    const { gallery, state } = this.stage;
    const { params, z, point } = state.view;
    const labelOf = (/** @type {Float32Array} */ code) =>
      gallery.count ? gallery.labels[nearest(gallery, code)] : -1;
    const [a, b, c] = SLOTS.map(({ id }) => readCode(params[id], gallery.latentDim));
    const chosen = a ?? (point === startingCode(gallery).point ? null : z);
    const label = labelOf(chosen ?? z);
    const example = b && c ? null : telling(gallery, label, chosen);
    /** @param {Slot} slot @param {Float32Array | null} code @param {number} [image] */
    const start = (slot, code, image) => {
      const found = image ?? randomPoint(gallery, null, point);
      if (code) slot.restore(code);
      else if (found !== null) slot.fill(codeOf(gallery, found), { point: found });
      else slot.fill(randomCode(gallery), { what: 'random' });
    };
    if (a) this.a.restore(a);
    else if (chosen || !example) this.a.fill(z, { point });
    else start(this.a, null, example.a);
    start(this.b, b, example?.b);
    start(this.c, c, example?.c);
    return [label, labelOf(this.c.z)];
  }

  get code() {
    return analogy(this.a.z, this.b.z, this.c.z);
  }

  /** A slot has a new code. */
  show() {
    if (!this.c?.filled) return;
    this.decode([this.a.z, this.b.z, this.c.z, this.code]);
    this.mark();
  }

  /** @param {Float32Array[]} codes */
  async draw(codes) {
    const { client, signal } = this.stage;
    const pixels = await client.decode(flat(codes));
    if (signal.aborted) return;
    const size = pixels.length / codes.length;
    this.pictures.forEach((picture, i) => picture.draw(pixels.subarray(i * size, (i + 1) * size)));
  }

  get pictures() {
    return [this.a.decoded, this.b.decoded, this.c.decoded, this.result];
  }

  /** The letters on the map and, if the projection is linear, the parallelogram. */
  mark() {
    const { map, projection } = this.stage;
    if (!map) return;
    const { toPlace, linear } = projection();
    const [a, b, c] = this.slots.list.map(({ z }) => toPlace(z));
    const result = toPlace(this.code);
    map.setPath(linear ? [b, a] : null, { key: 'difference' });
    map.setPath(linear ? [c, result] : null, { key: 'added', dashed: true });
    const places = { A: a, B: b, C: c, '=': result };
    map.setMarkers(Object.entries(places).map(([label, [x, y]]) => ({ x, y, label })));
  }

  /**
   * Move the code: to the result, or along the direction.
   * @param {Float32Array} z
   * @param {number | null} point
   * @param {number} time
   */
  go(z, point, time) {
    this.slots.arm(null);
    const { state } = this.stage;
    this.mine = state.guard(z);
    state.go(this.mine, this.mine === z ? point : null, time);
  }

  /** @type {Listener} */
  update(view, patch, time) {
    if ('projection' in patch) this.mark();
    if (!('z' in patch) || view.z === this.mine) return;
    this.mine = view.z;
    this.direction?.begin(view);
    this.slots.take(view, time);
  }

  picture() {
    const strip = this.direction?.strip;
    const sum = sideBySide(this.pictures.map(({ canvas }) => canvas));
    return strip ? stack([{ canvas: sum, gap: strip.gap }, strip]) : sum;
  }

  close() {
    const { map } = this.stage;
    map?.setPath(null, { key: 'difference' });
    map?.setPath(null, { key: 'added' });
    map?.setMarkers([]);
  }
}
