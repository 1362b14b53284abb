/** Where a photo is to be filled: strokes of a round brush, kept as strokes so that one can go back. */

const INK = '#ff3b5c';

/** @typedef {{size: number, erase: boolean, points: {x: number, y: number}[]}} Stroke  in pixels */

export class Mask {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.canvas = new OffscreenCanvas(width, height);
    this.context = this.canvas.getContext('2d');
    /** @type {Stroke[]} */
    this.strokes = [];
    /** The photo, as the server names it, that was sent this mask. @type {string | null} */
    this.sent = null;
  }

  get empty() {
    return !this.strokes.some((stroke) => !stroke.erase);
  }

  begin(size, erase, point) {
    this.strokes.push({ size, erase, points: [point] });
    this.draw(this.strokes.at(-1), 0);
  }

  to(point) {
    const stroke = this.strokes.at(-1);
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

  /** Draw a stroke from one of its points on. */
  draw({ size, erase, points }, from) {
    const { context } = this;
    context.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
    Object.assign(context, { lineWidth: size, lineCap: 'round', lineJoin: 'round', strokeStyle: INK });
    context.beginPath();
    context.moveTo(points[from].x, points[from].y);
    for (const { x, y } of points.slice(from)) context.lineTo(x, y); // one point alone is a dot
    context.stroke();
  }

  /** @returns {Promise<Blob>} a PNG, white where there is a hole */
  async png() {
    const sheet = new OffscreenCanvas(this.width, this.height);
    const context = sheet.getContext('2d');
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
