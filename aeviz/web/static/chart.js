/**
 * A Plotly figure that is updated in place: new data are drawn into the old chart, so that nothing flickers
 * and a zoom is kept. (Streamlit's own chart is rebuilt whenever its data change.)
 */

import { h, onThemeChange, themeColour } from './dom.js';
import { loadPlotly } from './plotly.js';

const CONFIG = { displayModeBar: false, responsive: false };
/**
 * @typedef {{figure: Figure, testid: string, label: string, clicks?: boolean}} ChartData  With `clicks`,
 *   a click on a point triggers `clicked` with the point's customdata.
 */
/** @typedef {{data: object[], layout: Layout}} Figure  as Plotly has it */
/**
 * @typedef {{height: number, xaxis?: object, yaxis?: object, shapes?: {line?: object}[],
 *   annotations?: object[]}} Layout
 */

/** @type {WeakMap<HTMLElement, Chart>} */
const charts = new WeakMap();

/**
 * @param {import('./types.js').Component<ChartData>} component  called again for new data
 * @returns {() => void} Streamlit calls it when the element is removed
 */
export default function chart({ data, parentElement, setTriggerValue }) {
  let drawn = charts.get(parentElement);
  if (!drawn) {
    drawn = new Chart(parentElement);
    charts.set(parentElement, drawn);
  }
  drawn.onClick = data.clicks ? (value) => setTriggerValue('clicked', value) : null;
  drawn.show(data);
  return () => {
    charts.delete(parentElement);
    drawn.end();
  };
}

class Chart {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.plot = h('div', { class: 'aeviz-chart', role: 'img' });
    const root = h('div', { class: 'aeviz' }, this.plot);
    parent.append(root);
    this.stopTheme = onThemeChange(root, () => this.draw());
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(root);
    this.root = root;
    /** @type {Figure | null} */
    this.figure = null;
    /** @type {import('./types.js').Plotly | null} */
    this.Plotly = null;
    /** @type {Promise<void>} */
    this.drawing = Promise.resolve();
    this.waiting = false;
    /** @type {((value: unknown) => void) | null} */
    this.onClick = null;
  }

  /** @param {ChartData} data */
  show({ figure, testid, label }) {
    this.figure = figure;
    this.plot.dataset.testid = testid;
    this.plot.setAttribute('aria-label', label);
    this.plot.style.height = `${figure.layout.height}px`; // also before Plotly is loaded
    this.draw();
  }

  /** Draws after the current drawing is done, because Plotly fails if a chart changes meanwhile. */
  draw() {
    if (this.waiting) return;
    this.waiting = true;
    this.drawing = this.drawing
      .then(() => {
        this.waiting = false;
        return this.paint();
      })
      .catch((error) => console.error(error)); // the next data may succeed
  }

  async paint() {
    const Plotly = await loadPlotly().catch((error) => this.plot.replaceChildren(error.message));
    if (!Plotly || !this.figure || !this.root.isConnected || !this.root.clientWidth) return;
    this.Plotly = Plotly;
    const { data } = this.figure;
    const layout = this.layout(this.figure.layout);
    try {
      await Plotly.react(this.plot, data, layout, CONFIG);
    } catch (error) {
      // Plotly cannot always update what it drew while the page was being rebuilt.
      console.warn('drawn afresh:', error);
      Plotly.purge(this.plot);
      await Plotly.newPlot(this.plot, data, layout, CONFIG);
    }
    if (this.onClick) this.listen();
  }

  /** Plotly adds `on` to the element that it draws into, and forgets the listeners when it draws afresh. */
  listen() {
    const plot = /** @type {import('./types.js').Plotted} */ (/** @type {unknown} */ (this.plot));
    plot.removeAllListeners('plotly_click');
    plot.on('plotly_click', ({ points }) => this.onClick?.(points[0]?.customdata));
  }

  /**
   * The figure's layout in the colours and the font of the theme, as wide as there is room.
   * @param {Layout} layout
   */
  layout(layout) {
    const text = themeColour(this.root, '--st-text-color');
    const line = themeColour(this.root, '--st-border-color');
    const behind = themeColour(this.root, '--st-background-color'); // a label stays legible on a curve
    const axis = { gridcolor: line, showline: false, zeroline: false, automargin: true };
    return {
      ...layout,
      width: this.root.clientWidth,
      paper_bgcolor: 'transparent',
      plot_bgcolor: 'transparent',
      font: { color: text, family: themeColour(this.root, '--st-font'), size: 12 },
      hoverlabel: { font: { family: themeColour(this.root, '--st-font') } },
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
      shapes: layout.shapes?.map((shape) => ({ ...shape, line: { color: text, ...shape.line } })),
      annotations: layout.annotations?.map((label) => ({ bgcolor: behind, ...label })),
    };
  }

  end() {
    this.stopTheme();
    this.resizing.disconnect();
    this.figure = null;
    this.drawing.then(() => this.Plotly?.purge(this.plot));
  }
}
