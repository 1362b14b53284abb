/**
 * The points of a map while they or the view move: one WebGL draw call a frame, so that a glide of
 * 10,000 points keeps the screen's rate where a redraw by Plotly takes several frames.
 */

import { h } from './dom.js';

const VERTEX = `
attribute vec2 from, to;
attribute vec4 colour;
uniform vec2 centre, reach;
uniform float share;
uniform mediump float size;
varying vec4 shade;
void main() {
  shade = colour;
  gl_Position = vec4((mix(from, to, share) - centre) / reach, 0.0, 1.0);
  gl_PointSize = size + 2.0;
}`;

const FRAGMENT = `
precision mediump float;
uniform mediump float size;
varying vec4 shade;
void main() {
  float outside = length(gl_PointCoord - 0.5) * (size + 2.0) - 0.5 * size;
  float alpha = shade.a * clamp(0.5 - outside, 0.0, 1.0);
  gl_FragColor = vec4(shade.rgb * alpha, alpha);
}`;

export class MovingPoints {
  /** Without WebGL `usable` is false, and nothing here may be called but `destroy`. */
  constructor() {
    this.canvas = h('canvas', { class: 'aeviz-moving', hidden: true });
    this.gl = this.canvas.getContext('webgl', { alpha: true, antialias: false, depth: false });
    if (this.gl) this.#build();
  }

  get usable() {
    return Boolean(this.gl) && !this.gl.isContextLost();
  }

  /** @param {Float32Array} from @param {Float32Array} to  x0, y0, x1, y1, ... */
  load(from, to) {
    this.count = to.length / 2;
    this.#fill('from', from);
    this.#fill('to', to);
  }

  /** @param {Uint8Array} colours  red, green, blue, alpha of each point, 0 to 255 */
  paint(colours) {
    this.#fill('colour', colours);
  }

  /**
   * Draw the points `share` of the way along.
   * @param {number} share  0 is `from`, 1 is `to`
   * @param {import('./viewport.js').Viewport} viewport
   * @param {number} size  diameter in CSS pixels
   */
  draw(share, viewport, size) {
    const { gl, canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = Math.round(viewport.width * ratio);
    const height = Math.round(viewport.height * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const { x, y, scale } = viewport;
    gl.uniform2f(this.uniforms.centre, x, y);
    gl.uniform2f(this.uniforms.reach, (scale * viewport.width) / 2, (scale * viewport.height) / 2);
    gl.uniform1f(this.uniforms.share, share);
    gl.uniform1f(this.uniforms.size, size * ratio);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }

  destroy() {
    this.gl?.getExtension('WEBGL_lose_context')?.loseContext(); // browsers allow but a few of them
  }

  #build() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, text] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniforms = Object.fromEntries(
      ['centre', 'reach', 'share', 'size'].map((name) => [name, gl.getUniformLocation(program, name)]),
    );
    const attribute = (name, width, type, normalised) => {
      const at = gl.getAttribLocation(program, name);
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, width, type, normalised, 0, 0);
      return buffer;
    };
    this.buffers = {
      from: attribute('from', 2, gl.FLOAT, false),
      to: attribute('to', 2, gl.FLOAT, false),
      colour: attribute('colour', 4, gl.UNSIGNED_BYTE, true),
    };
  }

  #fill(name, data) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  }
}
