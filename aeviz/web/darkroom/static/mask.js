/** The holes of a photo: strokes of a round brush, stored as strokes so that they can be undone. */

import { context2d } from '../../static/dom.js';

const INK = '#ff3b5c';

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{size: number, erase: boolean, points: Point[]}} Stroke  in pixels of the photo
 */

export class Mask {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.canvas = new OffscreenCanvas(width, height);
    this.context = context2d(this.canvas);
    /** @type {Stroke[]} */
    this.strokes = [];
    /** The server's id of the photo for which this mask was sent. @type {string | null} */
    this.sent = null;
  }

  get empty() {
    return !this.strokes.some((stroke) => !stroke.erase);
  }

  /** @param {number} size @param {boolean} erase @param {Point} point */
  begin(size, erase, point) {
    const stroke = { size, erase, points: [point] };
    this.strokes.push(stroke);
    this.draw(stroke, 0);
  }

  /** Continue the last stroke. @param {Point} point */
  to(point) {
    const stroke = this.strokes.at(-1);
    if (!stroke) return;
    stroke.points.push(point);
    this.draw(stroke, stroke.points.length - 2);
  }

  undo() {
    this.strokes.pop();
    this.redraw();
  }

  clear() {
    this.strokes = [];
    this.redraw();
  }

  redraw() {
    this.context.clearRect(0, 0, this.width, this.height);
    for (const stroke of this.strokes) this.draw(stroke, 0);
  }

  /** Draw a stroke from one of its points on. @param {Stroke} stroke @param {number} from */
  draw({ size, erase, points }, from) {
    const { context } = this;
    context.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
    Object.assign(context, { lineWidth: size, lineCap: 'round', lineJoin: 'round', strokeStyle: INK });
    context.beginPath();
    context.moveTo(points[from].x, points[from].y);
    for (const { x, y } of points.slice(from)) context.lineTo(x, y); // a single point is a dot
    context.stroke();
  }

  /** @returns {Promise<Blob>} a PNG, white in the holes */
  async png() {
    const sheet = new OffscreenCanvas(this.width, this.height);
    const context = context2d(sheet);
    context.drawImage(this.canvas, 0, 0);
    context.globalCompositeOperation = 'source-in';
    context.fillStyle = '#fff';
    context.fillRect(0, 0, this.width, this.height);
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = '#000';
    context.fillRect(0, 0, this.width, this.height);
    return sheet.convertToBlob({ type: 'image/png' });
  }
}
