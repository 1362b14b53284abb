/** The visible part of the picture: zoom and pan, the same for all compared pictures. */

const MARGIN = 14;
const MOST = 16; // screen pixels per pixel

export class View {
  constructor() {
    this.width = 1; // of the window, in CSS pixels
    this.height = 1;
    this.picture = { width: 1, height: 1 };
    this.ratio = 1; // screen pixels in a CSS pixel
    this.scale = 1; // CSS pixels per pixel of the picture
    this.x = 0.5; // the point of the picture at the centre of the window, 0..1
    this.y = 0.5;
    this.fitted = true;
  }

  /** @param {{width: number, height: number}} picture */
  show(picture) {
    const { width, height } = this.picture;
    if (picture.width === width && picture.height === height) return;
    // The same photo at another scale keeps its position.
    const same = Math.abs(picture.width / picture.height - width / height) < 0.002;
    this.scale *= width / picture.width;
    this.picture = picture;
    if (this.fitted || !same) this.fit();
    else this.settle();
  }

  /** @param {number} width @param {number} height @param {number} ratio */
  resize(width, height, ratio) {
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height), ratio });
    if (this.fitted) this.fit();
    else this.settle();
  }

  get fitScale() {
    const { width, height } = this.picture;
    return Math.min((this.width - 2 * MARGIN) / width, (this.height - 2 * MARGIN) / height);
  }

  /** 1 is one picture pixel per screen pixel. */
  get zoom() {
    return this.scale * this.ratio;
  }

  fit() {
    Object.assign(this, { scale: this.fitScale, x: 0.5, y: 0.5, fitted: true });
  }

  /** Zoom by `factor` about a fixed point in the window. @param {number} factor */
  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const least = Math.min(this.fitScale, 1 / this.ratio);
    const scale = Math.min(
      Math.max(MOST / this.ratio, 2 * this.fitScale),
      Math.max(least, this.scale * factor),
    );
    const { x, y } = this.place(px, py);
    this.scale = scale;
    this.x = x - (px - this.width / 2) / (this.picture.width * scale);
    this.y = y - (py - this.height / 2) / (this.picture.height * scale);
    this.fitted = Math.abs(scale / this.fitScale - 1) < 1e-3;
    this.settle();
  }

  /** Toggle between 100 % and the whole picture; zoom in further if the whole is already at 100 %. @param {number} px @param {number} py */
  toggle(px, py) {
    if (!this.fitted) {
      this.fit();
      return;
    }
    const full = 1 / this.ratio;
    this.zoomBy((this.fitScale < 0.8 * full ? full : 3 * this.fitScale) / this.scale, px, py);
  }

  /** @param {number} dx @param {number} dy  CSS pixels */
  pan(dx, dy) {
    this.x -= dx / (this.picture.width * this.scale);
    this.y -= dy / (this.picture.height * this.scale);
    this.settle();
  }

  /** Leave no empty space beside a picture that could fill it. */
  settle() {
    const { picture, scale } = this;
    this.x = held(this.x, (this.width / 2 - MARGIN) / (picture.width * scale));
    this.y = held(this.y, (this.height / 2 - MARGIN) / (picture.height * scale));
  }

  /** Whether the picture is larger than the window. */
  get roams() {
    return this.scale > 1.001 * this.fitScale;
  }

  /** The position of the picture in the window, in whole screen pixels, so that it is sharp at 100 %. */
  get whole() {
    const { picture, scale, ratio } = this;
    const snap = (/** @type {number} */ value) => Math.round(value * ratio) / ratio;
    return {
      x: snap(this.width / 2 - this.x * picture.width * scale),
      y: snap(this.height / 2 - this.y * picture.height * scale),
      width: picture.width * scale,
      height: picture.height * scale,
    };
  }

  /** CSS pixels in the window -> point on the picture, 0..1. @param {number} px @param {number} py */
  place(px, py) {
    const { whole } = this;
    return { x: (px - whole.x) / whole.width, y: (py - whole.y) / whole.height };
  }
}

/** Clamps `at` so that the window (± `half`) stays within 0..1; 0.5 if that is impossible. @param {number} at @param {number} half */
function held(at, half) {
  return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, at));
}
