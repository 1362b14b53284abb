/**
 * The points of a map while they or the view move: one WebGL draw call per frame, so that a glide of
 * 10,000 points keeps the screen's frame rate, while a redraw by Plotly takes several frames.
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
  /** Without WebGL `usable` is false, and only `destroy` may be called. */
  constructor() {
    this.canvas = h('canvas', { class: 'aeviz-moving', hidden: true });
    this.gl = this.canvas.getContext('webgl', { alpha: true, antialias: false, depth: false });
    this.count = 0;
    this.program = this.gl && build(this.gl);
  }

  get usable() {
    return this.gl !== null && this.program !== null && !this.gl.isContextLost();
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
    const { gl, canvas, program } = this;
    if (!gl || !program) return;
    const ratio = devicePixelRatio || 1;
    const width = Math.round(viewport.width * ratio);
    const height = Math.round(viewport.height * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const { x, y, scale } = viewport;
    gl.uniform2f(program.uniforms.centre, x, y);
    gl.uniform2f(program.uniforms.reach, (scale * viewport.width) / 2, (scale * viewport.height) / 2);
    gl.uniform1f(program.uniforms.share, share);
    gl.uniform1f(program.uniforms.size, size * ratio);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }

  destroy() {
    this.gl?.getExtension('WEBGL_lose_context')?.loseContext(); // browsers allow only a few of them
  }

  /** @param {'from' | 'to' | 'colour'} name @param {Float32Array | Uint8Array} data */
  #fill(name, data) {
    const { gl, program } = this;
    if (!gl || !program) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, program.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  }
}

/**
 * The program in use, with its uniforms and the buffers of its attributes.
 * @param {WebGLRenderingContext} gl
 */
function build(gl) {
  const program = gl.createProgram();
  /** @type {[number, string][]} */
  const shaders = [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ];
  for (const [kind, text] of shaders) {
    const shader = gl.createShader(kind);
    if (!shader) return null; // the context is lost
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  /** @param {string} name @param {number} width @param {number} type @param {boolean} normalised */
  const attribute = (name, width, type, normalised) => {
    const at = gl.getAttribLocation(program, name);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, width, type, normalised, 0, 0);
    return buffer;
  };
  return {
    uniforms: {
      centre: gl.getUniformLocation(program, 'centre'),
      reach: gl.getUniformLocation(program, 'reach'),
      share: gl.getUniformLocation(program, 'share'),
      size: gl.getUniformLocation(program, 'size'),
    },
    buffers: {
      from: attribute('from', 2, gl.FLOAT, false),
      to: attribute('to', 2, gl.FLOAT, false),
      colour: attribute('colour', 4, gl.UNSIGNED_BYTE, true),
    },
  };
}
