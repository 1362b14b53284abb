/** Plotly from the installed Python package, loaded once for all maps and charts. */

/** Parsing five megabytes blocks the browser for a large part of a second. */
const QUIET_MS = 250;
const PATIENCE_MS = 5000;
const LOOK_MS = 50;

/** @import { Plotly } from './types.js' */

/** @type {Promise<Plotly> | undefined} */
let loading;

/** @returns {Promise<Plotly>} */
export function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('aeviz/plotly.min.js', document.baseURI).href;
    script.onload = () =>
      resolve(/** @type {Window & {Plotly: Plotly}} */ (/** @type {unknown} */ (window)).Plotly);
    script.onerror = () => {
      loading = undefined;
      reject(new Error('The map’s drawing library did not load. Reload the page to try again.'));
    };
    document.head.append(script);
  });
  return loading;
}

/**
 * Plotly for something that is visible without it: loaded once there is a first image and the
 * pointer rests.
 * @returns {Promise<Plotly>}
 */
export async function loadPlotlyInAPause() {
  if (!loading) await pause();
  return loadPlotly();
}

async function pause() {
  const began = performance.now();
  let moved = began;
  const note = () => {
    moved = performance.now();
  };
  window.addEventListener('pointermove', note, { capture: true, passive: true });
  for (;;) {
    const now = performance.now();
    const drawn = performance.getEntriesByName('aeviz.decode').length > 0;
    if ((drawn && now - moved > QUIET_MS) || now - began > PATIENCE_MS) break;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
  window.removeEventListener('pointermove', note, { capture: true });
}
