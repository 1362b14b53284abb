/** The loupe: a round magnifier at the pointer, with before in its left half and after in its right. */

import { drawSide } from './compare.js';
import { session } from './session.js';

const RADIUS = 92;
const TIMES = 3;
const ABOVE = 132; // a finger would cover it
/** @type {[number, string][]} */
const RINGS = [
  [7, 'rgb(0 0 0 / 35%)'],
  [2.5, '#fff'],
]; // a blurred shadow would cost four frames

/**
 * @typedef {import('./compare.js').Context} Context
 * @typedef {import('./layer.js').Glass} Glass
 * @typedef {{x: number, y: number}} Point  in CSS pixels
 */

/**
 * @param {Context} context  in CSS pixels
 * @param {import('./view.js').View} view
 * @param {{x: number, y: number}} at  the magnified point, in the first pane
 * @param {{x: number, y: number, touch: boolean}} pointer
 * @param {{width: number, ground: string}} canvas  its width, and the colour of the background
 */
export function drawLoupe(context, view, at, pointer, { width, ground }) {
  const centre = { x: pointer.x, y: pointer.touch ? Math.max(RADIUS + 4, pointer.y - ABOVE) : pointer.y };
  const glass = {
    whole: enlarged(view.whole, at, centre),
    width,
    height: view.height,
    ratio: view.ratio,
    zoom: TIMES * view.zoom,
  };
  context.save();
  context.beginPath();
  context.arc(centre.x, centre.y, RADIUS, 0, 2 * Math.PI);
  context.fillStyle = ground;
  context.fill();
  context.clip();
  half(context, glass, session.look.left, centre.x - RADIUS, centre);
  half(context, glass, session.look.right, centre.x, centre);
  context.restore();
  for (const [width, colour] of RINGS) {
    Object.assign(context, { lineWidth: width, strokeStyle: colour });
    context.beginPath();
    context.arc(centre.x, centre.y, RADIUS, 0, 2 * Math.PI);
    context.stroke();
  }
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(centre.x, centre.y - RADIUS);
  context.lineTo(centre.x, centre.y + RADIUS);
  context.stroke();
}

/** The position of the magnified picture that puts the point `at` at the centre of the loupe. @param {Glass['whole']} whole @param {Point} at @param {Point} centre */
function enlarged(whole, at, centre) {
  return {
    x: centre.x - TIMES * (at.x - whole.x),
    y: centre.y - TIMES * (at.y - whole.y),
    width: TIMES * whole.width,
    height: TIMES * whole.height,
  };
}

/** @param {Context} context @param {Glass} glass @param {string} side @param {number} x @param {Point} centre */
function half(context, glass, side, x, { y }) {
  context.save();
  context.beginPath();
  context.rect(x, y - RADIUS, RADIUS, 2 * RADIUS);
  context.clip();
  drawSide(context, glass, side);
  context.restore();
}
