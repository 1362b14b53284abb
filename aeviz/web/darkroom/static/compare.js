/** Drawing two pictures to compare: with a divider, side by side, one alone, or their difference. */

import { context2d } from '../../static/dom.js';
import { session } from './session.js';

/**
 * @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context
 * @typedef {import('./layer.js').Glass} Glass
 * @typedef {import('./layer.js').Layer} Layer
 * @typedef {{x: number, width: number, height: number}} Pane  a window for a picture, in CSS pixels
 */

const GAP = 2;
const DOUBLINGS = 2;
const CHECKS = 8;

const other = new OffscreenCanvas(1, 1);
const mixed = new OffscreenCanvas(1, 1);

/** The title of what a side shows, by its name. @param {string} name */
export function labelOf(name) {
  const ours = session.task.name === 'colour' ? 'After: a guess' : 'After';
  if (name === 'before') return 'Before';
  return name === 'ours' ? ours : (baseline(name)?.title ?? name);
}

/** @param {string} wanted */
function baseline(wanted) {
  return session.task.baselines.find(({ name }) => name === wanted);
}

/** What it does, as a sentence, or an empty string. @param {string} name */
export function wordsOf(name) {
  return baseline(name)?.says ?? '';
}

/**
 * The windows of the pictures, from left to right.
 * @param {{width: number, height: number}} size  of the canvas, in CSS pixels
 * @returns {Pane[]}
 */
export function panes({ width, height }) {
  if (session.look.mode !== 'beside') return [{ x: 0, width, height }];
  const half = (width - GAP) / 2;
  return [
    { x: 0, width: half, height },
    { x: half + GAP, width: half, height },
  ];
}

/**
 * Draw the current view.
 * @param {CanvasRenderingContext2D} context  in CSS pixels
 * @param {import('./view.js').View} view  of the first pane
 * @param {number} divide  where the divider is, in CSS pixels
 * @param {Pane[]} all
 */
export function drawComparison(context, view, divide, all) {
  const { mode, left, right, painting } = session.look;
  const { height } = view;
  if (painting) {
    for (const pane of all)
      within(context, pane.x, pane.width, height, () => {
        context.translate(pane.x, 0);
        drawSide(context, view, 'before');
      });
  } else if (mode === 'beside') {
    all.forEach((pane, i) =>
      within(context, pane.x, pane.width, height, () => {
        context.translate(pane.x, 0);
        drawSide(context, view, i ? right : left);
      }),
    );
  } else if (mode === 'difference') {
    drawDifference(context, view);
  } else if (mode === 'after') {
    drawSide(context, view, right);
  } else {
    within(context, 0, divide, height, () => drawSide(context, view, left));
    within(context, divide, view.width - divide, height, () => drawSide(context, view, right));
  }
}

/**
 * Draw the picture of this name.
 * @param {Context} context
 * @param {Glass} view
 * @param {string} name
 */
export function drawSide(context, view, name) {
  const { variant } = session;
  if (!variant) return;
  const job = name === 'before' ? null : session.job(name);
  const strength = session.strength(name);
  if (variant.info?.alpha) drawChecks(context, view);
  // The same blend as the server's for a download: before (1 - s) + after s.
  if (variant.info?.alpha && job?.whole && strength < 1) {
    drawBlend(context, view, variant.before, job.layer, strength);
    return;
  }
  if (!job?.layer || !job.whole || strength < 1) variant.before?.paint(context, view);
  if (!job?.layer) return;
  context.globalAlpha = strength;
  job.layer.paint(context, view);
  context.globalAlpha = 1;
}

/**
 * Two transparent pictures, blended with each other before they are drawn over the background.
 * @param {Context} context
 * @param {Glass} view
 * @param {Layer | null} before
 * @param {Layer | null} after
 * @param {number} strength
 */
function drawBlend(context, view, before, after, strength) {
  const { ratio } = view;
  const [width, height] = [Math.ceil(view.width * ratio), Math.ceil(view.height * ratio)];
  if (mixed.width !== width || mixed.height !== height) Object.assign(mixed, { width, height });
  const mix = context2d(mixed);
  mix.setTransform(ratio, 0, 0, ratio, 0, 0);
  mix.clearRect(0, 0, view.width + 1, view.height + 1);
  mix.globalAlpha = 1 - strength;
  before?.paint(mix, view);
  mix.globalAlpha = strength;
  mix.globalCompositeOperation = 'lighter';
  after?.paint(mix, view);
  mix.globalCompositeOperation = 'source-over';
  context.drawImage(mixed, 0, 0, width / ratio, height / ratio);
}

/** |right - left| times four, of the visible pixels: it follows strength, zoom and tiles. @param {Context} context @param {Glass} view */
function drawDifference(context, view) {
  const { canvas } = context;
  if (other.width !== canvas.width || other.height !== canvas.height) {
    Object.assign(other, { width: canvas.width, height: canvas.height });
  }
  const beside = context2d(other);
  beside.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  beside.fillStyle = '#000';
  beside.fillRect(0, 0, view.width, view.height);
  drawSide(beside, view, session.look.right);
  context.fillStyle = '#000';
  context.fillRect(0, 0, view.width, view.height);
  drawSide(context, view, session.look.left);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalCompositeOperation = 'difference';
  context.drawImage(other, 0, 0);
  context.globalCompositeOperation = 'lighter';
  for (let i = 0; i < DOUBLINGS; i += 1) context.drawImage(canvas, 0, 0);
  context.globalCompositeOperation = 'source-over';
  context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
}

/**
 * Draw in a part of the window only.
 * @param {Context} context
 * @param {number} x
 * @param {number} width
 * @param {number} height
 * @param {() => void} draw
 */
function within(context, x, width, height, draw) {
  context.save();
  context.beginPath();
  context.rect(x, 0, Math.max(0, width), height);
  context.clip();
  draw();
  context.restore();
}

/** The background of a picture that is not opaque. @param {Context} context @param {Glass} view */
function drawChecks(context, { whole, width, height }) {
  const [left, top] = [Math.max(whole.x, 0), Math.max(whole.y, 0)];
  const right = Math.min(whole.x + whole.width, width);
  const bottom = Math.min(whole.y + whole.height, height);
  context.fillStyle = '#fff';
  context.fillRect(left, top, right - left, bottom - top);
  context.fillStyle = '#ccc';
  for (let y = top, row = 0; y < bottom; y += CHECKS, row += 1) {
    for (let x = left + (row % 2) * CHECKS; x < right; x += 2 * CHECKS) {
      context.fillRect(x, y, Math.min(CHECKS, right - x), Math.min(CHECKS, bottom - y));
    }
  }
}
