/** Small helpers for building the page. */

/**
 * `h('button', {class: 'x', onclick: f}, 'text', child)`: an element with attributes and children.
 * Functions become listeners, all else attributes. They are not set as `onclick` properties: what
 * such a property's function answers counts, and `false` would cancel the event, a Tab as well.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** As `h`, for the elements of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The value of one of Streamlit's theme variables at `element`. */
export function themeColour(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

/** Call `listener` whenever the theme at `element` changes; returns a function that stops it. */
export function onThemeChange(element, listener) {
  let last = themeColour(element, '--st-background-color');
  const observer = new MutationObserver(() => {
    const now = themeColour(element, '--st-background-color');
    if (now !== last) {
      last = now;
      listener();
    }
  });
  for (let node = element; node; node = node.parentElement) {
    observer.observe(node, { attributes: true, attributeFilter: ['style', 'class'] });
  }
  observer.observe(document.head, { childList: true });
  return () => observer.disconnect();
}

/** `work`, done at most once per animation frame however often it is asked for. */
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

/** `work`, at once and then at most every `ms` milliseconds; the last call is never lost. */
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
 * `work` with the newest input: at once, and then at most once per animation frame.
 * @template T
 * @param {(input: T) => void} work
 * @returns {{take: (input: T) => void, flush: () => void, drop: () => void}}
 *   `flush` does at once what still waits for the frame, `drop` forgets it
 */
export function firstThenPerFrame(work) {
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
