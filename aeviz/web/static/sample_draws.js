/** Draws from the prior and from a mixture of Gaussians fitted to the codes, side by side. */

import { SheetDecoder } from './decoding.js';
import { context2d, h } from './dom.js';
import { normals } from './gaussian.js';
import { NearestCodes } from './nearest.js';
import { Sheet } from './sheet.js';
import { messageOf } from './status.js';
import { Tiles } from './tiles.js';
import { button } from './toolbar.js';

/** @import { Gallery } from './gallery.js' */
/** @import { Stage } from './modes.js' */
/** @import { View } from './state.js' */

const [ROWS, COLUMNS] = [4, 8];
const COUNT = ROWS * COLUMNS;
const SEEDS = 1e6;
const WITH_PRIOR =
  'A variational autoencoder is trained to fill its prior: draws from it should look ' +
  'as good as draws from where the codes really are. If they look worse, the codes do not ' +
  'follow the prior.';
const WITHOUT_PRIOR =
  'This model was never trained to decode draws from N(0, I), which does not depend on where its ' +
  'codes are. So the draws fall where there are no codes, or crowd into one part of them. The ' +
  'mixture stays close to the codes, but some of its draws still fall into gaps between them.';
const NO_ANSWER = 'The server did not answer. Draw again to try once more.';

export class Draws {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const { gallery, state } = stage;
    this.closed = false;
    /** @type {number | null} */
    this.seed = null;
    this.nearest = new NearestCodes(gallery);
    this.prior = new Draw(stage, this.nearest, {
      title: gallery.gaussian ? 'From the prior, N(0, I)' : 'From a standard normal, N(0, I)',
      testid: 'aeviz-prior-draws',
      kind: 'dot',
    });
    this.mixture = new Draw(stage, this.nearest, {
      title: 'From a mixture fitted to the codes',
      testid: 'aeviz-mixture-draws',
      kind: 'ring',
    });
    this.tools = [
      h(
        'div',
        { class: 'aeviz-actions' },
        button(
          'Draw again',
          'Other codes, drawn at random',
          () => state.remember({ seed: Math.floor(SEEDS * Math.random()) }),
          { 'data-testid': 'aeviz-draw-again' },
        ),
      ),
    ];
    this.element = h(
      'div',
      {},
      h('div', { class: 'aeviz-halves' }, this.prior.element, this.mixture.element),
      h('p', { class: 'aeviz-muted aeviz-look' }, gallery.gaussian ? WITH_PRIOR : WITHOUT_PRIOR),
    );
  }

  start() {
    this.#draw();
  }

  /** @param {Partial<View>} patch */
  update(patch) {
    if ('params' in patch) this.#draw();
    for (const draw of [this.prior, this.mixture]) {
      if ('projection' in patch) draw.place();
      if ('z' in patch) draw.mark();
    }
  }

  picture() {
    const [{ canvas: left }, { canvas: right }] = [this.prior.sheet, this.mixture.sheet];
    const both = h('canvas', { width: left.width + left.width / COLUMNS + right.width, height: left.height });
    context2d(both).drawImage(left, 0, 0);
    context2d(both).drawImage(right, both.width - right.width, 0);
    return both;
  }

  close() {
    this.closed = true;
    this.prior.close();
    this.mixture.close();
  }

  async #draw() {
    const { gallery, state } = this.stage;
    const seed = Math.round(Math.abs(Number(state.view.params.seed))) % SEEDS || 0;
    if (seed === this.seed) return;
    this.seed = seed;
    const normal = normals(seed);
    this.prior.show(
      Array.from({ length: COUNT }, () => Float32Array.from({ length: gallery.latentDim }, normal)),
    );
    try {
      const codes = await mixtureCodes(gallery, seed);
      if (seed === this.seed && !this.closed) this.mixture.show(codes);
    } catch (error) {
      if (seed === this.seed) this.mixture.say(messageOf(error));
    }
  }
}

/** One sheet of draws: decoded, marked on the map, with their distance from the gallery. */
class Draw {
  /**
   * @param {Stage} stage
   * @param {NearestCodes} nearest
   * @param {{title: string, testid: string, kind: 'dot' | 'ring'}} options  `kind` of its markers
   */
  constructor({ gallery, state, client, map, projection }, nearest, { title, testid, kind }) {
    this.gallery = gallery;
    this.state = state;
    this.map = map;
    this.projection = projection;
    this.nearest = nearest;
    this.kind = kind;
    this.testid = testid;
    /** @type {Float32Array[]} */
    this.codes = [];
    this.sheet = new Sheet(
      gallery.imageShape,
      { rows: ROWS, columns: COLUMNS, gap: 1 },
      { 'data-testid': testid },
    );
    this.decoder = new SheetDecoder(client, (index, pixels) => this.sheet.draw(index, pixels));
    this.tiles = new Tiles(this.sheet, {
      label: title,
      nameOf: (index) => `Draw ${index + 1} of ${COUNT}`,
      isThere: (index) => index < this.codes.length,
      onLook: (index, time) => this.look(index, time),
      onPick: (index, time) => state.go(this.codes[index], null, time),
    });
    this.far = h('p', { class: 'aeviz-muted', 'data-testid': `${testid}-far` }, '\u00a0');
    this.note = h('p', { class: 'aeviz-muted aeviz-wait' });
    this.tiles.element.append(this.note);
    this.element = h(
      'figure',
      {},
      h('h4', {}, h('span', { class: `aeviz-legend-${kind}`, 'aria-hidden': 'true' }), title),
      this.tiles.element,
      this.far,
    );
    this.say('Fitting to the codes…');
  }

  /** @param {Float32Array[]} codes */
  show(codes) {
    this.say('');
    this.codes = codes;
    this.decoder.want(codes, 'draws');
    this.far.textContent = this.describe();
    this.mark();
    this.place();
  }

  /** @param {string} text */
  say(text) {
    this.note.textContent = text;
  }

  /** Two measures: the distance from the data, and the coverage of the data. */
  describe() {
    const { typical, classNames, labels } = this.gallery;
    const found = this.codes.map((z) => this.nearest.find(z, 1));
    const said = [];
    if (classNames.length > 1) {
      const reached = new Set(found.map(({ indices }) => labels[indices[0]])).size;
      const all = reached === classNames.length ? `All ${reached}` : `${reached} of ${classNames.length}`;
      said.push(`${all} classes are among the nearest test images.`);
    }
    if (typical?.nearest_median) {
      const distances = found.map(({ distance }) => distance).sort((a, b) => a - b);
      const times = distances[COUNT / 2] / typical.nearest_median;
      said.push(
        `Those are ${times.toFixed(times < 10 ? 1 : 0)} × as far away as test images are from each other.`,
      );
    }
    return said.join(' ') || '\u00a0';
  }

  /** @param {number | null} index @param {number} time */
  look(index, time) {
    if (index === null) {
      this.state.set({ preview: null }, time);
      this.map?.setMarkers([], 'looked');
      return;
    }
    this.state.look(this.codes[index], time);
    const [x, y] = this.projection().toPlace(this.codes[index]);
    this.map?.setMarkers([{ x, y, kind: 'ring', colour: 'var(--st-primary-color)' }], 'looked');
  }

  mark() {
    const at = this.codes.indexOf(this.state.view.z);
    this.tiles.mark(at < 0 ? [] : [at]);
  }

  place() {
    this.map?.setMarkers(
      this.codes.map((z) => {
        const [x, y] = this.projection().toPlace(z);
        return { x, y, kind: this.kind, colour: 'var(--st-text-color)' };
      }),
      this.testid,
    );
  }

  close() {
    this.decoder.close();
    this.tiles.destroy();
    this.map?.setMarkers([], this.testid);
    this.map?.setMarkers([], 'looked');
  }
}

/** @param {Gallery} gallery @param {number} seed */
async function mixtureCodes({ name, latentDim }, seed) {
  const address = `aeviz/mixture/${encodeURIComponent(name)}?n=${COUNT}&seed=${seed}`;
  const answer = await fetch(new URL(address, document.baseURI)).catch(() => null);
  if (!answer?.ok) throw new Error(answer ? await reason(answer) : NO_ANSWER);
  const all = new Float32Array(await answer.arrayBuffer());
  return Array.from({ length: COUNT }, (_, i) => all.slice(i * latentDim, (i + 1) * latentDim));
}

/** @param {Response} answer @returns {Promise<string>} */
async function reason(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return NO_ANSWER;
  }
}
