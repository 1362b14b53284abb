/** Small helpers for building the page. */

/** @import { Attributes, AttributeValue, Child } from './types.js' */

/**
 * `h('button', {class: 'x', onclick: f}, 'text', child)`: an element with attributes and children.
 * Functions become listeners, everything else attributes. They are not set as `onclick` properties,
 * because then a return value of `false` would cancel the event, even a Tab.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else setAttribute(element, name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * As `h`, for the elements of SVG.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, AttributeValue>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** @param {Element} element @param {string} name @param {AttributeValue} value */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  element.setAttribute(name, value === true ? '' : String(value));
}

/**
 * The 2D context of a canvas.
 * @overload
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {CanvasRenderingContext2D}
 */
/**
 * @overload
 * @param {OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 * @returns {OffscreenCanvasRenderingContext2D}
 */
/**
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function context2d(canvas, settings) {
  const context = canvas.getContext('2d', settings);
  if (!context) throw new Error('The browser has no memory left for drawing. Close other tabs and reload.');
  return context;
}

/**
 * The value of one of Streamlit's theme variables at `element`.
 * @param {Element} element
 * @param {string} name
 */
export function themeColour(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

/**
 * Call `listener` whenever the theme at `element` changes; returns a function that stops it.
 * @param {Element} element
 * @param {() => void} listener
 */
export function onThemeChange(element, listener) {
  let last = themeColour(element, '--st-background-color');
  const observer = new MutationObserver(() => {
    const now = themeColour(element, '--st-background-color');
    if (now !== last) {
      last = now;
      listener();
    }
  });
  for (let node = /** @type {Element | null} */ (element); node; node = node.parentElement) {
    observer.observe(node, { attributes: true, attributeFilter: ['style', 'class'] });
  }
  observer.observe(document.head, { childList: true });
  return () => observer.disconnect();
}

/** `work`, done at most once per animation frame, however often it is called. @param {() => void} work */
export function oncePerFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/**
 * `work`, at once and then at most every `ms` milliseconds; the last call is never lost.
 * @param {number} ms
 * @param {() => void} work
 */
export function atMostEvery(ms, work) {
  let timer = 0;
  let again = false;
  const run = () => {
    again = false;
    timer = setTimeout(() => {
      timer = 0;
      if (again) run();
    }, ms);
    work();
  };
  return () => {
    if (timer) again = true;
    else run();
  };
}

/**
 * @template T
 * @typedef {{take: (input: T) => void, flush: () => void, drop: () => void}} Newest
 */

/**
 * `work` with the newest input: at once, and then at most once per animation frame.
 * @template T
 * @param {(input: T) => void} work
 * @returns {Newest<T>}
 *   `flush` does the pending work now, `drop` discards it
 */
export function firstThenPerFrame(work) {
  /** @type {{input: T} | null} */
  let waiting = null;
  let busy = false;
  const flush = () => {
    const taken = waiting;
    waiting = null;
    if (taken) work(taken.input);
    return Boolean(taken);
  };
  const frame = () => {
    busy = flush();
    if (busy) requestAnimationFrame(frame);
  };
  return {
    take(input) {
      waiting = { input };
      if (busy) return;
      busy = true;
      requestAnimationFrame(frame);
      flush();
    },
    flush,
    drop() {
      waiting = null;
    },
  };
}
