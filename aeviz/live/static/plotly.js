/** Plotly from the installed Python package, loaded once for all maps. */

let loading;

/** @returns {Promise<any>} */
export function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('aeviz/plotly.min.js', document.baseURI).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = undefined;
      reject(new Error('The map’s drawing library did not load. Reload the page to try again.'));
    };
    document.head.append(script);
  });
  return loading;
}
