/**
 * Two models, one pointer: what is under it on either map, shown by both. `with` in the address
 * names the other model, `by` says what they share: the place, or the input image.
 */

import { Picture } from './canvas.js';
import { connectTo } from './connect.js';
import { h, oncePerFrame } from './dom.js';
import { newestOnly } from './follow.js';
import { codeOf, loadGallery, nearest } from './gallery.js';
import { LatentMap } from './map.js';
import { clearest, codeUnder, projections } from './projection.js';
import { StatusLine } from './status.js';
import { tabs } from './toolbar.js';

/** Types that only reconstruct, with nothing else to make small. */
const PLAIN = ['standard', 'deep', 'convolutional'];
const WAYS = [
  { id: 'place', label: 'Same place', hint: 'The same code, decoded by both' },
  {
    id: 'image',
    label: 'Same image',
    hint: 'The test image nearest to the pointer, encoded and decoded by each',
  },
];

/** @param {import('./modes.js').Stage} stage */
export async function open(stage) {
  const { gallery, state, signal } = stage;
  const others = await comparable(gallery);
  if (!others.length) {
    const text = 'There is no other model of images of this size yet: train one, and compare it here.';
    return { element: h('p', { class: 'aeviz-muted' }, text), close() {} };
  }
  const chosen = others.find(({ name }) => name === state.view.params.with) ?? others[0];
  const select = h(
    'select',
    {
      class: 'aeviz-select',
      'aria-label': 'The other model',
      'data-testid': 'aeviz-other-model',
      onchange: () => show(select.value),
    },
    ...others.map(({ name, label }) => h('option', { value: name, selected: name === chosen.name }, label)),
  );
  const body = h('div', { class: 'aeviz-second' });
  const element = h('div', { class: 'aeviz-two' }, h('div', { class: 'aeviz-bar' }, select), body);

  let second = null;
  let asked = '';
  const show = async (name) => {
    asked = name;
    const opened = await SecondModel.open(stage, name).catch((error) => error);
    if (signal.aborted || asked !== name) {
      if (opened instanceof SecondModel) opened.close();
      return;
    }
    second?.close();
    second = opened instanceof SecondModel ? opened : null;
    body.replaceChildren(second?.element ?? h('p', { class: 'aeviz-status', role: 'alert' }, opened.message));
    if (!second) return;
    state.remember({ with: name, by: second.way });
    if (element.isConnected) second.start();
  };
  await show(chosen.name);
  return {
    element,
    shown: () => second?.start(),
    update: (view, patch, time) => second?.update(view, patch, time),
    close: () => second?.close(),
  };
}

/**
 * Models of images of the same shape: same data and code size first, and among those the types that
 * say most beside this one: a plain autoencoder beside any other, a VAE beside a plain one.
 */
async function comparable(gallery) {
  const answer = await fetch(new URL('aeviz/models', document.baseURI));
  if (!answer.ok) throw new Error('The server could not list its models. Reload the page to try again.');
  const models = await answer.json();
  const own = models.find(({ name }) => name === gallery.name);
  const telling = PLAIN.includes(own?.type) ? ['vae'] : PLAIN;
  const rank = (model) =>
    8 * (model.dataset !== own?.dataset) +
    4 * (model.latent_dim !== gallery.latentDim) +
    2 * !telling.includes(model.type) +
    (model.type === own?.type);
  return models
    .filter(
      ({ name, image_shape: shape }) => name !== gallery.name && String(shape) === String(gallery.imageShape),
    )
    .filter((model) => gallery.count || model.latent_dim === gallery.latentDim) // else nothing can be shared
    .sort((a, b) => rank(a) - rank(b));
}

/** The other model: its own map, picture and connection, in step with the first one's state. */
class SecondModel {
  static async open(stage, name) {
    return new SecondModel(stage, await loadGallery(name));
  }

  constructor({ gallery, colours, state, client }, other) {
    const status = new StatusLine();
    Object.assign(this, { first: gallery, other, state, status, firstClient: client, closed: false });
    this.projection = clearest(projections(other));
    this.picture = new Picture(other.imageShape, {
      'data-testid': 'aeviz-canvas-2',
      'aria-label': `Decoded by ${other.name}`,
    });
    this.client = connectTo(other, status, (pixels) => this.picture.draw(pixels));
    this.original = new Picture(gallery.imageShape, { 'aria-label': 'The image that both encode' });
    this.map = !other.count
      ? null
      : new LatentMap(
          { ...other, colours, wheel: true },
          {
            onMove: (x, y, index, time) =>
              this.lead(codeUnder(this.projection, other, { x, y, index }, this.z), false, time),
            onLeave: (time) => {
              this.pointed = false;
              this.state.set({ preview: null }, time);
            },
            onPin: (x, y, index, time) =>
              this.lead(index < 0 ? this.projection.toCode(x, y, this.z) : codeOf(other, index), true, time),
          },
        );
    if (this.map) this.map.element.dataset.testid = 'aeviz-map-2';
    const ways = WAYS.filter(({ id }) =>
      id === 'place' ? other.latentDim === gallery.latentDim : gallery.count,
    );
    // Places compare where both maps show the whole code; of wider ones the image tells more.
    const usual = gallery.latentDim <= 2 ? 'place' : 'image';
    const wayOf = (id) => ways.find((way) => way.id === id);
    this.way = (wayOf(state.view.params.by) ?? wayOf(usual) ?? ways[0])?.id;
    this.tabs = tabs(ways, {
      name: 'What both share',
      testid: 'aeviz-by',
      onChoose: (way) => this.share(way),
    });
    this.note = h('p', { class: 'aeviz-muted' });
    this.shared = h(
      'figure',
      { class: 'aeviz-shared' },
      this.original.canvas,
      h('figcaption', {}, 'The image both encode'),
    );
    this.z = other.count ? codeOf(other, 0) : new Float32Array(other.latentDim);
    this.encode = newestOnly((wish) => this.answer(wish));
    this.settle = oncePerFrame(() => this.map?.setHandle(...this.projection.toPlace(this.z)));
    this.element = h(
      'div',
      {},
      status.element,
      h(
        'div',
        { class: 'aeviz-explorer' },
        this.map &&
          h('div', { class: 'aeviz-mapside' }, h('div', { class: 'aeviz-mapframe' }, this.map.element)),
        h('figure', { class: 'aeviz-decoded' }, this.picture.canvas),
      ),
      h('div', { class: 'aeviz-bar' }, this.tabs.element, this.shared, this.note),
    );
  }

  start() {
    this.share(this.way);
    this.settle();
    this.map
      ?.start(this.projection.points, this.projection.axes)
      .catch((error) => this.status.show({ kind: 'lost', text: error.message }));
  }

  /** @param {string} way  what both models are given: the place or the image */
  share(way) {
    this.way = way;
    this.tabs.choose(way);
    this.shared.hidden = way !== 'image';
    this.note.textContent =
      way === 'image'
        ? 'Each model encodes this image and decodes its own code: the same picture lies elsewhere on each map.'
        : 'The same code means something else to each: compare the gaps between the classes.';
    this.state.remember({ by: way });
    this.follow(this.state.shown, performance.now());
  }

  update(view, patch, time) {
    if ('z' in patch || 'preview' in patch) this.follow(view.preview ?? view.z, time);
  }

  /** The first model is at `z`: show what answers to it. */
  follow(z, time) {
    if (this.leading) return; // this map is where the pointer is
    if (this.way === 'place') this.moveTo(z, time);
    else
      this.encode({
        from: this.first,
        z,
        by: this.client,
        then: ({ code, pixels }) => {
          this.z = code;
          this.picture.draw(pixels);
          this.settle();
        },
      });
  }

  /** The pointer is on this model's map, at `z`: show it, and let the first model follow. */
  lead(z, keep, time) {
    this.pointed = true;
    this.moveTo(z, time);
    const take = (code) => {
      if (!keep && !this.pointed) return; // an answer that came after the pointer had left
      this.leading = true;
      if (keep) this.state.go(code, null, time);
      else this.state.look(code, time);
      this.leading = false;
    };
    if (this.way === 'place') take(z);
    else this.encode({ from: this.other, z, by: this.firstClient, then: ({ code }) => take(code) });
  }

  moveTo(z, time) {
    this.z = z;
    this.client.move(z, time);
    this.settle();
  }

  /** Encode the gallery image nearest to `z`. */
  async answer({ from, z, by, then }) {
    await from.sprite.draw(this.original.canvas, nearest(from, z));
    const pixels = this.original.read();
    const answer = await by.encode(Float32Array.from(pixels, (value) => value / 255));
    if (!this.closed) then(answer);
  }

  close() {
    this.closed = true;
    this.client.close();
    this.map?.destroy();
  }
}
