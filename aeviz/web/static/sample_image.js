/** The reparameterisation trick: one image's mu and sigma, and draws z = mu + sigma * eps. */

import { SheetDecoder } from './decoding.js';
import { atMostEvery, h } from './dom.js';
import { Formula } from './formula.js';
import { codeOf, nearest } from './gallery.js';
import { covarianceOnPlane } from './gaussian.js';
import { Sheet } from './sheet.js';
import { normal } from './start.js';
import { Tiles } from './tiles.js';
import { button } from './toolbar.js';

/** @import { Stage } from './modes.js' */
/** @import { Marker } from './overlay.js' */
/** @import { View } from './state.js' */

const KEPT = 10;
const NARROW = '(max-width: 640px)'; // below this width the strip has two rows
const FIND_MS = 150;
const REACH = 3; // visible sigmas after zooming in

export class AroundImage {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const { gallery, state, client } = stage;
    /** The image's index in the gallery. @type {number | null} */
    this.index = null;
    this.mu = new Float32Array(0);
    this.sigma = new Float32Array(0);
    /** Newest first. @type {{z: Float32Array, eps: Float32Array}[]} */
    this.draws = [];
    this.made = 0;
    /** The cloud on the map. @type {import('./overlay.js').Ellipse | null} */
    this.cloud = null;
    this.zoomed = false;
    this.closed = false;
    const rows = matchMedia(NARROW).matches ? 2 : 1;
    this.sheet = new Sheet(
      gallery.imageShape,
      { rows, columns: KEPT / rows, gap: 1 },
      {
        'data-testid': 'aeviz-eps-strip',
      },
    );
    this.decoder = new SheetDecoder(client, (index, pixels) => this.sheet.draw(index, pixels));
    this.tiles = new Tiles(this.sheet, {
      label: 'The last draws, newest first',
      nameOf: (index) => `Draw ${this.made - index}`,
      isThere: (index) => index < this.draws.length,
      onLook: (index, time) =>
        index === null ? state.set({ preview: null }, time) : state.look(this.draws[index].z, time),
      onPick: (index, time) => state.go(this.draws[index].z, null, time),
    });
    this.thumbnail = h('canvas', { class: 'aeviz-pixels' });
    this.title = h('h4', {});
    this.formula = new Formula(gallery.dims);
    this.plane = h('p', { class: 'aeviz-muted' });
    this.closer = button('Zoom to the cloud', 'Show μ ± 3 σ on the map', () => this.zoom(), {
      'data-testid': 'aeviz-zoom-cloud',
    });
    this.tools = [h('div', { class: 'aeviz-actions' }, this.closer)];
    const draw = button('Draw ε', 'One more draw from N(0, I)', () => this.draw(), {
      'data-testid': 'aeviz-draw-eps',
    });
    draw.classList.add('aeviz-primary');
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'aeviz-around' },
        h('figure', {}, this.thumbnail),
        h('div', {}, this.title, this.formula.element),
        h(
          'div',
          { class: 'aeviz-epsdraw' },
          h(
            'div',
            { class: 'aeviz-bar' },
            draw,
            h('span', { class: 'aeviz-muted' }, 'Each click draws one new code, the newest first.'),
          ),
          this.tiles.element,
        ),
      ),
      h(
        'p',
        { class: 'aeviz-muted aeviz-look' },
        'The encoder turns an image into a whole cloud of codes, with the centre μ and the width σ. ',
        'Training decodes a point drawn from that cloud, so neighbouring codes must give similar images; writing the draw as ',
        'μ + σ · ε lets the gradient pass through it to μ and σ.',
      ),
      this.plane,
    );
    this.find = atMostEvery(FIND_MS, () => this.#find());
  }

  start() {
    this.#find();
  }

  /** @param {Partial<View>} patch */
  update(patch) {
    if ('z' in patch) this.find();
    if ('projection' in patch) this.place();
  }

  /** Draw z = mu + sigma * eps with a new eps. */
  draw() {
    const { state } = this.stage;
    const eps = this.mu.map(() => normal());
    const z = this.mu.map((mu, j) => mu + this.sigma[j] * eps[j]);
    this.draws = [{ z, eps }, ...this.draws].slice(0, KEPT);
    this.made += 1;
    this.decoder.want(
      this.draws.map((made) => made.z),
      `around ${this.index}`,
    );
    this.write();
    this.place();
    this.#mark();
    state.look(z);
  }

  /** Zoom in on the cloud; the map's own button zooms out again. */
  zoom() {
    if (!this.cloud) return;
    this.zoomed = true;
    const { x, y, matrix } = this.cloud;
    this.stage.map?.lookAt(x, y, REACH * Math.sqrt(Math.max(matrix[0][0], matrix[1][1])));
  }

  picture() {
    return this.sheet.canvas;
  }

  close() {
    this.closed = true;
    this.decoder.close();
    this.tiles.destroy();
    const { map } = this.stage;
    map?.setEllipse(null);
    if (this.zoomed) map?.resetView();
    for (const key of ['mean', 'draws', 'newest']) map?.setMarkers([], key);
  }

  /** Show the image whose code is pinned, or nearest to it; pinning one of its own draws changes nothing. */
  #find() {
    if (this.closed) return;
    const { gallery, state } = this.stage;
    const { point, z } = state.view;
    this.#mark();
    if (this.draws.some((made) => made.z === z)) return;
    const index = point ?? nearest(gallery, z);
    const exact = point !== null || codeOf(gallery, index).every((value, j) => value === z[j]);
    const name = gallery.classNames[gallery.labels[index]];
    this.title.textContent = `${exact ? 'This image' : 'The image nearest to this code'}${name === undefined ? '' : ` · ${name}`}`;
    if (index === this.index) return;
    const d = gallery.latentDim;
    this.index = index;
    this.mu = codeOf(gallery, index);
    const logvar = gallery.logvar?.slice(index * d, (index + 1) * d) ?? new Float32Array(d);
    this.sigma = logvar.map((value) => Math.exp(value / 2));
    this.draws = [];
    this.made = 0;
    this.decoder.close();
    this.sheet.clear();
    gallery.sprite?.draw(this.thumbnail, index);
    this.write();
    this.place();
  }

  #mark() {
    const at = this.draws.findIndex((made) => made.z === this.stage.state.view.z);
    this.tiles.mark(at < 0 ? [] : [at]);
  }

  write() {
    const [newest = null] = this.draws;
    this.formula.write(this.mu, this.sigma, newest);
  }

  /** Show cloud and draws on the map. */
  place() {
    const { map, projection } = this.stage;
    const plane = projection();
    const [x, y] = plane.toPlace(this.mu);
    /** @param {Float32Array} code @param {Omit<Marker, 'x' | 'y'>} look */
    const marker = (code, look) => {
      const [left, top] = plane.toPlace(code);
      return { x: left, y: top, ...look };
    };
    this.cloud = plane.linear
      ? {
          x,
          y,
          matrix: covarianceOnPlane(
            plane,
            this.sigma.map((sigma) => sigma ** 2),
          ),
        }
      : null;
    map?.setEllipse(this.cloud);
    this.closer.disabled = !this.cloud;
    map?.setMarkers([marker(this.mu, { kind: 'cross', label: '\u2002μ' })], 'mean');
    map?.setMarkers(
      this.draws.slice(1).map(({ z }) => marker(z, { kind: 'dot' })),
      'draws',
    );
    map?.setMarkers(
      this.draws.slice(0, 1).map(({ z }) => marker(z, { kind: 'letter', label: 'z' })),
      'newest',
    );
    this.plane.textContent = plane.linear
      ? 'On the map: the cloud at one σ and, dashed, two σ, projected onto this plane.'
      : `${plane.label} bends the space, so σ has no outline on this map: choose PCA or z to see it.`;
  }
}
