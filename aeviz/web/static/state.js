/**
 * One state for everything on the screen, mirrored in the address so that a link reproduces it.
 *
 * @typedef {{model: string, projection: string | null, mode: string, params: Record<string, string>,
 *   z: Float32Array, preview: Float32Array | null, point: number | null}} View
 *   `projection` is null if there is only one; `z` is the pinned code; `preview` the one under
 *   the pointer, while it is over the map; `point` the gallery image whose code is `z`;
 *   `params` the settings of the mode, each under its own name in the address.
 * @typedef {(view: View, patch: Partial<View>, time: number) => void} Listener
 * @typedef {ReturnType<typeof createState>} State
 */

const URL_PAUSE_MS = 250;
/** Wider codes are written with 16 bits per number: decimals would make the address too long. */
const MAX_DECIMALS = 64;
const PACKED = '~';
const OWN_KEYS = ['model', 'projection', 'mode', 'z'];
/** Streamlit's own parameters for the whole page, which a mode must not remove. */
const PAGE_KEYS = ['embed', 'embed_options'];

/**
 * @param {View} initial
 */
export function createState(initial) {
  let view = initial;
  /** @type {Set<Listener>} */
  const listeners = new Set();
  const state = {
    /**
     * A code with the locked dimensions unchanged.
     * @param {Float32Array} z
     */
    guard: (z) => z,
    get view() {
      return view;
    },
    /** The current code: the preview, or else the pinned one. */
    get shown() {
      return view.preview ?? view.z;
    },
    /**
     * Change a part of the view; `time` is the timeStamp of the input event behind the change.
     * @param {Partial<View>} patch
     * @param {number} [time]
     */
    set(patch, time = performance.now()) {
      view = { ...view, ...patch };
      for (const listener of listeners) listener(view, patch, time);
    },
    /** Pin `z`. @param {Float32Array} z @param {number | null} [point] */
    go(z, point = null, time = performance.now()) {
      const kept = state.guard(z);
      state.set({ z: kept, point: kept === z ? point : null, preview: null }, time);
    },
    /** Preview `z` while the pointer is there. @param {Float32Array} z */
    look(z, time = performance.now()) {
      state.set({ preview: state.guard(z) }, time);
    },
    /**
     * Remember settings of the mode; null removes one.
     * @param {Record<string, string | number | null>} changes
     */
    remember(changes) {
      const kept = Object.entries({ ...view.params, ...changes })
        .filter(([, value]) => value !== null && value !== '')
        .map(([name, value]) => [name, String(value)]);
      state.set({ params: Object.fromEntries(kept) });
    },
    /** @param {Listener} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return state;
}

/**
 * The view in the address, without parts that are for another model or unreadable.
 * @param {string} model
 * @param {number} latentDim
 */
export function readAddress(model, latentDim) {
  const query = new URLSearchParams(window.location.search);
  const named = query.get('model');
  /**
   * @type {{projection: string | null, mode: string | null, z: Float32Array | null, params: Record<string, string>}}
   */
  const wanted = {
    projection: query.get('projection'),
    mode: query.get('mode'),
    z: null,
    params: {},
  };
  if (named && named !== model) return wanted;
  wanted.z = readCode(query.get('z'), latentDim);
  for (const [name, value] of query) {
    if (![...OWN_KEYS, ...PAGE_KEYS].includes(name)) wanted.params[name] = value;
  }
  return wanted;
}

/**
 * Keep the address in sync with the state. `write` updates it at once, `stop` ends this.
 * @param {State} state
 */
export function mirrorAddress(state) {
  let timer = 0;
  let named = Object.keys(state.view.params);
  const write = () => {
    clearTimeout(timer);
    const { model, projection, mode, params, z } = state.view;
    const url = new URL(window.location.href);
    for (const name of [...named, ...OWN_KEYS]) url.searchParams.delete(name);
    named = Object.keys(params);
    const wanted = { model, projection, mode, ...params, z: writeCode(z) };
    for (const [name, value] of Object.entries(wanted)) {
      if (value !== null) url.searchParams.set(name, value);
    }
    url.search = url.search.replaceAll('%2C', ','); // a link stays readable
    window.history.replaceState(window.history.state, '', url);
  };
  const stop = state.subscribe((_, patch) => {
    if (!['z', 'projection', 'mode', 'params'].some((name) => name in patch)) return;
    clearTimeout(timer);
    timer = setTimeout(write, URL_PAUSE_MS);
  });
  return {
    write,
    stop() {
      clearTimeout(timer);
      stop();
    },
  };
}

/**
 * A code as text for the address: four digits per number, finer than a slider's step.
 * @param {ArrayLike<number>} z
 */
export function writeCode(z) {
  if (z.length <= MAX_DECIMALS) return Array.from(z, (value) => Number(value.toPrecision(4))).join(',');
  const words = new Uint32Array(Float32Array.from(z).buffer);
  let bytes = '';
  for (const word of words) {
    const high = Math.min(0xffff, (word + 0x8000) >>> 16); // bfloat16, rounded
    bytes += String.fromCharCode(high & 0xff, high >>> 8);
  }
  return PACKED + btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The code from a text by `writeCode`, or null if it is not a code of this many dimensions.
 * @param {string | null | undefined} text
 * @param {number} latentDim
 */
export function readCode(text, latentDim) {
  const z = Float32Array.from(text?.startsWith(PACKED) ? unpack(text.slice(1)) : decimals(text));
  return z.length === latentDim && z.every(Number.isFinite) ? z : null;
}

/** @param {string | null | undefined} text */
function decimals(text) {
  return (text ?? '').split(',').filter(Boolean).map(Number);
}

/** @param {string} text */
function unpack(text) {
  let bytes = '';
  try {
    bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return [];
  }
  const words = new Uint32Array(bytes.length >> 1);
  for (let i = 0; i < words.length; i += 1) {
    words[i] = (bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8)) << 16;
  }
  return [...new Float32Array(words.buffer)];
}
