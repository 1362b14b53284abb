/** Buttons and numbers over the drawing of a network, in the order of its layers. */

import { h } from './dom.js';
import { inserted, nameOf, nearby, resized, widthOf, without } from './network_layers.js';
import { BELOW } from './network_shapes.js';

/** @import { Limits, Network } from './network_layers.js' */
/** @import { Place } from './network_shapes.js' */

/** @type {Record<string, number | undefined>} */
const STEPS = { ArrowUp: 1, ArrowDown: -1, PageUp: 2, PageDown: 0.5 };
const UNITS = { code: 'numbers', channels: 'channels', hidden: 'nodes', image: 'values' };
const TOP = 4;

export class Controls {
  /**
   * @param {HTMLElement} stage  they are placed on it
   * @param {{change: (net: Network, soon?: boolean) => void, redraw: () => void}} listener
   *   `soon`: more changes are expected
   */
  constructor(stage, { change, redraw }) {
    this.stage = stage;
    this.change = change;
    this.redraw = redraw;
    /** Buttons by their action, so that the focus survives a change. @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    /** @type {Map<string, HTMLInputElement>} */
    this.numbers = new Map();
    /** Fields that a person is typing into. @type {WeakSet<HTMLInputElement>} */
    this.typing = new WeakSet();
    /** @type {Set<HTMLElement>} */
    this.shown = new Set();
  }

  /** Choose the number of a layer. @param {Place} place */
  select({ role, at }) {
    this.numbers.get(`${role}-${at}`)?.select();
  }

  /**
   * @param {Network} net
   * @param {Place[]} places  from the image to the code
   * @param {number} step  pixels between two layers
   * @param {Limits} limits
   */
  show(net, places, step, limits) {
    this.shown.clear();
    places.forEach((place, i) => {
      const { role, at, x } = place;
      if (role !== 'image') this.number(net, place, step, limits);
      const less = role === 'hidden' || role === 'channels' ? without(net, role, at) : null;
      if (less) {
        const button = this.button('−', 'remove', i, x);
        button.onclick = () => this.change(less);
        describe(button, `Remove ${nameOf(place, net)}`);
      }
      const more = role === 'code' ? null : inserted(net, i, limits);
      if (!more) return;
      const button = this.button('+', 'add', i, x + step / 2);
      button.onclick = () => this.change(more.net);
      describe(
        button,
        `Add a layer of ${more.width} ${UNITS[more.role]}` +
          ` between ${nameOf(place, net)} and ${nameOf(places[i + 1], net)}`,
      );
    });
    this.removeOthers();
  }

  /** @param {string} sign @param {'add' | 'remove'} name @param {number} i @param {number} x */
  button(sign, name, i, x) {
    const key = `${name}-${i}`;
    const made = {
      type: 'button',
      class: `av-net-button av-net-${name}`,
      'data-testid': `aeviz-layer-${key}`,
    };
    const button = this.buttons.get(key) ?? h('button', made, sign);
    this.buttons.set(key, button);
    this.put(button, x, TOP);
    return button;
  }

  /** @param {HTMLElement} control @param {number} x @param {number} y */
  put(control, x, y) {
    if (!control.isConnected) this.stage.append(control);
    control.style.transform = `translate(${x}px, ${y}px) translate(-50%, 0)`;
    this.shown.add(control);
  }

  /** Remove controls whose layer is gone; the next button gets the focus of a removed one. */
  removeOthers() {
    for (const controls of [this.buttons, this.numbers]) {
      for (const [key, control] of controls) {
        if (this.shown.has(control)) continue;
        if (control === document.activeElement) this.passFocus(control);
        controls.delete(key);
        control.remove();
      }
    }
  }

  /** @param {HTMLElement} control */
  passFocus(control) {
    const adders = new Set(
      [...this.buttons].flatMap(([key, button]) => (key.startsWith('add-') ? [button] : [])),
    );
    const next = [...this.shown].findLast((shown) => shown instanceof HTMLButtonElement && adders.has(shown));
    if (next) next.focus();
    else control.blur();
  }

  /** @param {Network} net @param {Place} place @param {number} step @param {Limits} limits */
  number(net, place, step, limits) {
    const { role, at, x } = place;
    const value = widthOf(net, place);
    const key = `${role}-${at}`;
    const input = this.numbers.get(key) ?? field(key, role === 'code');
    this.numbers.set(key, input);
    this.put(input, x, BELOW);
    input.style.width = `${Math.min(56, step - 6)}px`;
    describe(input, `${nameOf(place, net)}: ${UNITS[role]}`);
    input.setAttribute('aria-valuenow', String(value));
    input.setAttribute('aria-valuemin', '1');
    input.setAttribute('aria-valuemax', String(role === 'code' ? limits.code : limits.width));
    if (!this.typing.has(input)) input.value = String(value);
    input.onfocus = () => input.select();
    input.oninput = () => this.typing.add(input);
    const take = () => {
      const typed = Number(input.value);
      const changed = this.typing.has(input) && Number.isInteger(typed) && typed > 0 && typed !== value;
      this.typing.delete(input);
      if (changed) this.change(resized(net, place, typed, limits));
      else this.redraw();
    };
    input.onblur = take;
    input.onkeydown = (event) => {
      const steps = STEPS[event.key];
      if (event.key === 'Enter') take();
      else if (event.key === 'Escape') {
        this.typing.delete(input);
        this.redraw();
      } else if (steps) {
        event.preventDefault();
        this.typing.delete(input);
        const next = event.key.startsWith('Page') ? Math.round(value * steps) : nearby(value, steps);
        this.change(resized(net, place, next, limits), true);
      } else return;
      input.select();
    };
  }
}

/** @param {string} key @param {boolean} ofCode */
function field(key, ofCode) {
  return h('input', {
    type: 'text',
    inputmode: 'numeric',
    role: 'spinbutton',
    autocomplete: 'off',
    maxlength: 5,
    class: `av-net-number${ofCode ? ' av-net-number-code' : ''}`,
    'data-testid': `aeviz-width-${key}`,
  });
}

/** @param {HTMLElement} control @param {string} text */
function describe(control, text) {
  const words = text[0].toUpperCase() + text.slice(1);
  control.setAttribute('aria-label', words);
  control.title = words;
}
