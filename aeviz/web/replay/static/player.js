/**
 * The player on a run's page: its epochs replayed, during training and after.
 *
 * Streamlit calls the component anew whenever an epoch is added; where the player stands, and what
 * it has loaded, stays.
 */

import { h, oncePerFrame, onThemeChange } from '../../static/dom.js';
import { fullScreenButton } from '../../static/fullscreen.js';
import { legend } from '../../static/legend.js';
import { Epochs, around } from './epochs.js';
import { films } from './films.js';
import { ManifoldSheet, Pairs } from './pictures.js';
import { Scatter } from './scatter.js';
import { Timeline } from './timeline.js';
import { playButton, speedButton } from './transport.js';

const EPOCH_SECONDS = 0.9; // at normal speed
const MOST_SECONDS = 24; // a whole replay
const FOLLOW_SECONDS = 1.2; // to an epoch that has just come
const NARROW = 640;
const players = new WeakMap();
const stood = new Map(); // where each run's player was left, as long as the page lives

/**
 * @typedef {{run: string, epochs: [number, string][], losses: [number, number][], total: number,
 *   unit: string, active: boolean, gaussian: boolean, classNames: string[], colours: string[]}} Data
 * @param {{data: Data, parentElement: HTMLElement}} component
 */
export default function player({ data, parentElement }) {
  let one = players.get(parentElement);
  if (one && one.data.run !== data.run) {
    one.end();
    one = null;
  }
  if (!one) {
    one = new Player(parentElement, data);
    players.set(parentElement, one);
  }
  one.show(data);
  return () => {
    players.delete(parentElement);
    one.end();
  };
}

class Player {
  constructor(parent, data) {
    this.data = data;
    this.leaving = new AbortController();
    this.still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const before = stood.get(data.run);
    this.time = before?.time ?? Infinity; // the newest there is
    this.speed = before?.speed ?? 1;
    this.following = before?.following ?? false;
    this.active = before?.active ?? false; // when it was last shown
    this.wanted = null; // an epoch to glide to
    this.playing = false;
    this.opening = !before && !data.active && !this.still; // plays by itself once
    this.epochs = new Epochs(data.run, () => this.arrived());
    this.drawSoon = oncePerFrame(() => this.draw());
    this.build(parent);
    this.stopTheme = onThemeChange(this.root, () => this.fit());
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.root);
    this.fit();
  }

  build(parent) {
    const { data } = this;
    this.scatter = new Scatter(data.classNames, data.colours, data.gaussian);
    this.manifold = new ManifoldSheet();
    this.pairs = new Pairs();
    this.timeline = new Timeline((time, settle) => this.scrub(time, settle));
    this.button = playButton(() => this.toggle());
    this.speeds = speedButton(this.speed, (speed) => {
      this.speed = speed;
    });
    this.number = h('strong', { 'data-testid': 'aeviz-replay-epoch' });
    this.details = h('span', { class: 'aeviz-muted' });
    this.live = h(
      'button',
      {
        type: 'button',
        class: 'replay-live',
        'data-testid': 'aeviz-replay-live',
        title: 'Follow the newest epoch while it trains',
        onclick: () => this.follow(),
      },
      'Live',
    );
    this.status = h('p', { class: 'aeviz-status', role: 'status', hidden: true });
    this.films = films(data.run, (message) => this.say(message));
    const figure = (name, picture, caption) => h('figure', { class: `replay-${name}` }, picture, caption);
    this.manifoldCaption = h('figcaption', {}, 'What the decoder draws there');
    this.root = h(
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
        h(
          'figure',
          { class: 'replay-codes' },
          this.scatter.element,
          h('figcaption', {}, 'Where the encoder puts validation images'),
        ),
        figure('manifold', this.manifold.canvas, this.manifoldCaption),
        figure('pairs', this.pairs.canvas, h('figcaption', {}, 'In and out')),
      ),
      h('div', { class: 'replay-transport' }, this.button.element, this.timeline.element, this.speeds),
      legend(data.classNames, data.colours, (index, visible) => {
        this.scatter.hidden[visible ? 'delete' : 'add'](index);
        this.drawSoon();
      }),
    );
    parent.append(this.root);
  }

  /** @param {Data} data */
  show(data) {
    this.data = data;
    if (!data.active) this.following = false;
    else if (!this.active) {
      // it begins, or goes on
      this.playing = this.opening = false;
      this.following = true;
    }
    this.active = data.active;
    this.live.hidden = !data.active;
    this.films.usable(data.epochs.length > 1);
    this.epochs.update(data.epochs);
    this.arrived();
  }

  /** More epochs are known or loaded than were. */
  arrived() {
    const { there, known } = this.epochs;
    this.say(there.length ? '' : this.epochs.message);
    this.timeline.show(
      there.map(({ epoch }) => epoch),
      this.data.losses,
      this.data.total,
    );
    if (!there.length) return;
    this.root.classList.add('replay-ready');
    if (this.following && this.time < there.at(-1).epoch) this.glide(there.at(-1).epoch);
    if (this.opening && known.length > 1 && there.length === known.length) {
      this.opening = false;
      this.time = there[0].epoch;
      this.play();
    }
    this.drawSoon();
  }

  /** On to where it is wanted, at a pace that arrives there soon. */
  glide(epoch) {
    this.wanted = epoch;
    if (this.still) {
      this.time = epoch;
      this.drawSoon();
      return;
    }
    this.pace = Math.max(0.2, epoch - this.time) / FOLLOW_SECONDS;
    this.run();
  }

  toggle() {
    if (this.playing) this.pause();
    else {
      const { there } = this.epochs;
      if (there.length && this.time >= there.at(-1).epoch) this.time = there[0].epoch;
      this.play();
    }
  }

  play() {
    this.wanted = null;
    this.opening = this.following = false;
    this.playing = true;
    this.run();
  }

  pause() {
    this.playing = false;
    this.wanted = null;
    this.drawSoon();
  }

  follow() {
    this.pause();
    this.opening = false;
    this.following = true;
    if (this.epochs.there.length) this.glide(this.epochs.there.at(-1).epoch);
    this.drawSoon();
  }

  /** A hand or a key: there at once while it is held; the nearest epoch when it lets go. */
  scrub(time, settle) {
    const { there } = this.epochs;
    if (!there.length) return;
    this.pause();
    this.opening = false;
    const inside = Math.min(there.at(-1).epoch, Math.max(there[0].epoch, time));
    this.time = inside;
    this.following = this.data.active && inside >= there.at(-1).epoch - 1e-3;
    if (settle) {
      const { before, after, share } = around(there, inside);
      this.time = (share < 0.5 ? before : after).epoch;
    }
    this.drawSoon();
  }

  /** Moves on with every frame as long as something moves. */
  run() {
    if (this.moving) return;
    this.moving = true;
    let last = performance.now();
    const step = (now) => {
      this.moving = !this.ended && (this.playing || this.wanted !== null);
      if (!this.moving) {
        this.drawSoon();
        return;
      }
      const seconds = Math.min(0.1, Math.max(0, now - last) / 1000);
      last = now;
      this.advance(seconds);
      this.draw();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  advance(seconds) {
    const { there, last } = this.epochs;
    if (!there.length) return;
    const end = there.at(-1).epoch;
    this.time = Math.min(Math.max(this.time, there[0].epoch), end);
    if (this.wanted !== null) {
      this.time = Math.min(this.wanted, this.time + seconds * this.pace);
      if (this.time >= this.wanted) this.wanted = null;
      return;
    }
    const span = Math.max(1, last - there[0].epoch);
    const whole = Math.min(MOST_SECONDS, EPOCH_SECONDS * Math.max(1, there.length - 1));
    this.time = Math.min(end, this.time + (seconds * this.speed * span) / whole);
    if (this.time >= last) {
      this.playing = false;
      this.following = this.data.active;
    }
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
    this.time = Math.min(Math.max(this.time, there[0].epoch), there.at(-1).epoch);
    const { time, speed, following, active } = this;
    stood.set(this.data.run, { time, speed, following, active });
    this.epochs.at = time;
    this.pairs.draw(there, time);
    const { width, height } = this.pairs.canvas;
    this.root.style.setProperty('--pairs', `${(100 * width) / height}fr`);
    this.manifold.draw(there, time);
    this.manifold.canvas.parentElement.hidden = this.manifold.canvas.hidden;
    this.root.classList.toggle('replay-plain', this.manifold.canvas.hidden); // an older run's
    if (this.scatter.element.clientWidth !== this.scatter.side) this.scatter.fit();
    this.scatter.draw(there, time, this.playing || this.wanted !== null || this.timeline.held);
    this.tell(there, time);
  }

  /** Where it stands, in words. */
  tell(there, time) {
    const { before, after, share } = around(there, time);
    const { epoch } = share < 0.5 ? before : after;
    const loss = this.timeline.losses.get(epoch);
    this.number.textContent = epoch ? `Epoch ${epoch}` : 'Untrained';
    this.details.textContent =
      ` of ${this.data.total}` +
      (Number.isFinite(loss) ? ` · validation loss ${figures(loss)} ${this.data.unit}` : '');
    this.root.dataset.epoch = String(epoch);
    this.root.dataset.playing = String(this.playing);
    this.live.setAttribute('aria-pressed', String(this.following));
    this.button.show(this.playing);
    this.timeline.draw(time, this.number.textContent);
  }

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

function figures(value) {
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);
}
