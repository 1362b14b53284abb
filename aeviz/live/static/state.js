/**
 * One state for everything on the screen, mirrored to the address so that a link reproduces it.
 *
 * @typedef {{model: string, projection: string, z: Float32Array, preview: Float32Array | null,
 *   point: number | null}} View
 *   `z` is the code that stays; `preview` the one under the pointer, while it is over the map;
 *   `point` the gallery image that `z` is the code of.
 */

const URL_PAUSE_MS = 250;
const MAX_URL_NUMBERS = 64;

/**
 * @param {View} initial
 */
export function createState(initial) {
  let view = initial;
  const listeners = new Set();
  return {
    get view() {
      return view;
    },
    /** The code on the screen. */
    get shown() {
      return view.preview ?? view.z;
    },
    /**
     * Change some of it; `time` is the timeStamp of the input event behind the change.
     * @param {Partial<View>} patch
     * @param {number} [time]
     */
    set(patch, time = performance.now()) {
      view = { ...view, ...patch };
      for (const listener of listeners) listener(view, patch, time);
    },
    /** @param {(view: View, patch: Partial<View>, time: number) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What the address asks for; what it holds for another model, or cannot be read, is left out. */
export function readAddress(model, latentDim) {
  const query = new URLSearchParams(window.location.search);
  const named = query.get('model');
  const wanted = { projection: query.get('projection'), z: null };
  if (named && named !== model) return wanted;
  const numbers = (query.get('z') ?? '').split(',').filter(Boolean).map(Number);
  if (numbers.length === latentDim && numbers.every(Number.isFinite)) {
    wanted.z = Float32Array.from(numbers);
  }
  return wanted;
}

/** Keep the address in step with the state; returns a function that stops it. */
export function mirrorAddress(state) {
  let timer;
  const write = () => {
    const { model, projection, z } = state.view;
    const url = new URL(window.location.href);
    url.searchParams.set('model', model);
    url.searchParams.set('projection', projection);
    url.searchParams.delete('z');
    // Commas are left as they are: a link stays readable.
    const code = z.length <= MAX_URL_NUMBERS ? `&z=${[...z].map(short).join(',')}` : '';
    url.search += code;
    window.history.replaceState(window.history.state, '', url);
  };
  const stop = state.subscribe((_, patch) => {
    if (!('z' in patch || 'projection' in patch)) return;
    clearTimeout(timer);
    timer = setTimeout(write, URL_PAUSE_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** Four digits are finer than a slider's step. */
function short(value) {
  return String(Number(value.toPrecision(4)));
}
