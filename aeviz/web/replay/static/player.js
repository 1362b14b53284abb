/**
 * The player on a run's page: its epochs replayed, during training and after.
 *
 * Streamlit calls the component again whenever an epoch is added; the player's position and the
 * loaded epochs are kept.
 */

import { h, oncePerFrame, onThemeChange } from '../../static/dom.js';
import { fullScreenButton } from '../../static/fullscreen.js';
import { legend } from '../../static/legend.js';
import { around, Epochs } from './epochs.js';
import { films } from './films.js';
import { ManifoldSheet, Pairs } from './pictures.js';
import { Playhead } from './playhead.js';
import { Scatter } from './scatter.js';
import { Timeline } from './timeline.js';
import { playButton, speedButton } from './transport.js';

const NARROW = 640;
/** @type {WeakMap<HTMLElement, Player>} */
const players = new WeakMap();
/** The last position of each run's player, as long as the page is open. @type {Map<string, import('./playhead.js').Left>} */
const left = new Map();

/**
 * @typedef {{run: string, epochs: [number, string][], losses: [number, number][], total: number,
 *   unit: string, active: boolean, gaussian: boolean, classNames: string[], colours: string[]}} Data
 * @param {{data: Data, parentElement: HTMLElement}} component
 */
export default function player({ data, parentElement }) {
  const before = players.get(parentElement);
  if (before && before.data.run !== data.run) before.end();
  const one = before?.data.run === data.run ? before : new Player(parentElement, data);
  players.set(parentElement, one);
  one.show(data);
  return () => {
    if (players.get(parentElement) === one) players.delete(parentElement);
    one.end();
  };
}

class Player {
  /** @param {HTMLElement} parent @param {Data} data */
  constructor(parent, data) {
    this.data = data;
    this.leaving = new AbortController();
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.head = new Playhead(left.get(data.run), { active: data.active, still });
    this.running = false; // the next frame moves it
    this.ended = false;
    this.epochs = new Epochs(data.run, () => this.arrived());
    this.drawSoon = oncePerFrame(() => this.draw());
    this.scatter = new Scatter(data.classNames, data.colours, data.gaussian);
    this.manifold = new ManifoldSheet();
    this.pairs = new Pairs();
    this.timeline = new Timeline((time, settle) => this.scrub(time, settle));
    this.button = playButton(() => this.move(() => this.head.toggle(this.epochs.numbers)));
    this.number = h('strong', { 'data-testid': 'aeviz-replay-epoch' });
    this.details = h('span', { class: 'aeviz-muted' });
    this.live = h(
      'button',
      {
        type: 'button',
        class: 'replay-live',
        'data-testid': 'aeviz-replay-live',
        title: 'Follow the newest epoch while it trains',
        onclick: () => this.move(() => this.head.follow(this.epochs.numbers)),
      },
      'Live',
    );
    this.status = h('p', { class: 'aeviz-status', role: 'status', hidden: true });
    this.films = films(data.run, (message) => this.say(message));
    this.root = this.build();
    parent.append(this.root);
    this.stopTheme = onThemeChange(this.root, () => this.fit());
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.root);
    this.fit();
  }

  /** @returns {HTMLElement} */
  build() {
    const { data } = this;
    const speeds = speedButton(this.head.speed, (speed) => {
      this.head.speed = speed;
    });
    /** @param {string} name @param {HTMLElement} picture @param {string} caption */
    const figure = (name, picture, caption) =>
      h('figure', { class: `replay-${name}` }, picture, h('figcaption', {}, caption));
    return h(
      'div',
      { class: 'aeviz replay', 'data-testid': 'aeviz-replay' },
      h(
        'div',
        { class: 'replay-head' },
        h('p', { class: 'replay-epoch' }, this.number, this.details),
        this.live,
        this.films.element,
        fullScreenButton(() => this.root, 'aeviz-replay-full-screen', this.leaving.signal),
      ),
      this.status,
      h(
        'div',
        { class: 'replay-stage' },
        figure('codes', this.scatter.element, 'Where the encoder puts validation images'),
        figure('manifold', this.manifold.canvas, 'What the decoder draws there'),
        figure('pairs', this.pairs.canvas, 'In and out'),
      ),
      h('div', { class: 'replay-transport' }, this.button.element, this.timeline.element, speeds),
      legend(data.classNames, data.colours, (index, visible) => {
        this.scatter.hidden[visible ? 'delete' : 'add'](index);
        this.drawSoon();
      }),
    );
  }

  /** @param {Data} data */
  show(data) {
    this.data = data;
    this.head.train(data.active);
    this.live.hidden = !data.active;
    this.films.usable(data.epochs.length > 1);
    this.epochs.update(data.epochs);
    this.arrived();
  }

  /** More epochs are known or loaded. */
  arrived() {
    const { numbers, known, message } = this.epochs;
    this.say(numbers.length ? '' : message);
    this.timeline.show(numbers, this.data.losses, this.data.total);
    if (!numbers.length) return;
    this.root.classList.add('replay-ready');
    this.move(() => this.head.arrive(numbers, numbers.length === known.length));
  }

  /** @param {number} time @param {boolean} settle */
  scrub(time, settle) {
    const { numbers } = this.epochs;
    if (numbers.length) this.move(() => this.head.scrub(numbers, time, settle));
  }

  /** Change the position, and redraw every frame as long as something moves. @param {() => void} change */
  move(change) {
    change();
    this.drawSoon();
    if (this.running || !this.head.moving) return;
    this.running = true;
    let last = performance.now();
    /** @param {number} now */
    const step = (now) => {
      this.running = !this.ended && this.head.moving;
      if (!this.running) {
        this.drawSoon();
        return;
      }
      const seconds = Math.min(0.1, Math.max(0, now - last) / 1000);
      last = now;
      const { numbers, last: newest } = this.epochs;
      if (numbers.length) this.head.advance(seconds, numbers, newest);
      this.draw();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  fit() {
    const { clientWidth } = this.root;
    if (!clientWidth) return;
    const narrow = clientWidth < NARROW;
    this.root.classList.toggle('replay-narrow', narrow);
    this.pairs.turn(!narrow);
    this.scatter.fit();
    this.timeline.fit();
    this.draw();
  }

  draw() {
    const { there } = this.epochs;
    if (!there.length || this.ended) return;
    this.head.keepInside(this.epochs.numbers);
    const { time } = this.head;
    left.set(this.data.run, this.head.left);
    this.epochs.at = time;
    this.pairs.draw(there, time);
    const { width, height } = this.pairs.canvas;
    this.root.style.setProperty('--pairs', `${(100 * width) / height}fr`);
    this.manifold.draw(there, time);
    this.root.classList.toggle('replay-plain', this.manifold.canvas.hidden); // an older run
    if (this.scatter.element.clientWidth !== this.scatter.side) this.scatter.fit();
    this.scatter.draw(there, time, this.head.moving || this.timeline.held);
    this.describe(there, time);
  }

  /** The position, in words. @param {import('./epochs.js').Epoch[]} there @param {number} time */
  describe(there, time) {
    const { before, after, share } = around(there, time);
    const { epoch } = share < 0.5 ? before : after;
    const loss = this.timeline.losses.get(epoch);
    this.number.textContent = epoch ? `Epoch ${epoch}` : 'Untrained';
    this.details.textContent =
      ` of ${this.data.total}` +
      (loss !== undefined && Number.isFinite(loss)
        ? ` · validation loss ${figures(loss)} ${this.data.unit}`
        : '');
    this.root.dataset.epoch = String(epoch);
    this.root.dataset.playing = String(this.head.playing);
    this.live.setAttribute('aria-pressed', String(this.head.following));
    this.button.show(this.head.playing);
    this.timeline.draw(time, this.number.textContent);
  }

  /** @param {string} message */
  say(message) {
    this.status.hidden = !message;
    this.status.textContent = message;
  }

  end() {
    this.ended = true;
    this.leaving.abort();
    this.epochs.end();
    this.stopTheme();
    this.resizing.disconnect();
    this.root.remove();
  }
}

/** @param {number} value */
function figures(value) {
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);
}
