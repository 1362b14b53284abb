/** A button that downloads the first chart of the page (`chart.js`) as a PNG. */

import { h, themeColour } from './dom.js';
import { icon } from './icons.js';
import { loadPlotly } from './plotly.js';

/** @import { Component, Plotted } from './types.js' */

const SCALE = 2; // pixels of the file for each pixel of the page
const LEAST_WIDTH = 800; // a phone has no room for the title and a wide legend
const TITLE_HEIGHT = 40;

/**
 * @typedef {object} SaveData
 * @property {string} charts  how the test handles of the charts begin
 * @property {string} title  above the chart in the picture
 * @property {string} name  of the file, without its extension
 * @property {string} label
 * @property {string} help
 */

/** @type {WeakMap<HTMLElement, HTMLButtonElement>} */
const buttons = new WeakMap();

/** @param {Component<SaveData>} component */
export default ({ data, parentElement }) => {
  let button = buttons.get(parentElement);
  if (!button) {
    button = h('button', { type: 'button', class: 'av-link', 'data-testid': 'aeviz-save-chart' });
    buttons.set(parentElement, button);
    parentElement.append(button);
  }
  button.replaceChildren(icon('download'), data.label);
  button.title = data.help;
  button.onclick = () => save(data);
};

/** @param {SaveData} data */
async function save({ charts, title, name }) {
  /** @type {Plotted | null} */
  const plot = document.querySelector(`.aeviz-chart[data-testid^="${charts}"]`);
  if (!plot?.layout) return; // not drawn yet
  const Plotly = await loadPlotly();
  const layout = titled(plot, title);
  const { width, height } = layout;
  await Plotly.downloadImage(
    { data: plot.data, layout },
    { format: 'png', filename: name, scale: SCALE, width, height },
  );
}

/**
 * The chart's layout with a title above it, on the page's background, as the text has the colour of the theme.
 * @param {Plotted} plot
 * @param {string} title
 */
function titled(plot, title) {
  const { layout } = plot;
  return {
    ...layout,
    width: Math.max(LEAST_WIDTH, plot.clientWidth),
    height: layout.height + TITLE_HEIGHT,
    margin: { ...layout.margin, t: layout.margin.t + TITLE_HEIGHT },
    paper_bgcolor: themeColour(plot, '--st-background-color'),
    font: { ...layout.font, family: 'Arial, sans-serif' }, // a picture cannot load the page's font
    title: {
      text: title,
      x: 0,
      xanchor: 'left',
      y: 1,
      yanchor: 'top',
      pad: { l: 12, t: 14 },
      font: { size: 17 },
    },
  };
}
