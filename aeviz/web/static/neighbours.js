/**
 * The nearest few of many points, fast enough for every frame, and a continuous mean over
 * them.
 */

const LEAF = 16; // number of points below which a scan is faster than further halving
const SKETCH = 64; // dimensions of the sketch for wide codes
const CHUNK = 8;
const SHARPEST = 1e-6; // of the reach: a smaller distance counts as zero

/** The nearest `most` seen so far, in order; `squares` are squared distances. */
class Few {
  /** @param {number} most */
  constructor(most) {
    this.indices = new Int32Array(most);
    this.squares = new Float64Array(most);
    this.size = 0;
    this.limit = Infinity;
  }

  clear() {
    this.size = 0;
    this.limit = Infinity;
  }

  /** @param {number} index @param {number} square */
  add(index, square) {
    const { indices, squares } = this;
    const last = squares.length - 1;
    let at = this.size <= last ? this.size++ : last;
    for (; at > 0 && squares[at - 1] > square; at -= 1) {
      squares[at] = squares[at - 1];
      indices[at] = indices[at - 1];
    }
    squares[at] = square;
    indices[at] = index;
    if (this.size > last) this.limit = squares[last];
  }
}

/**
 * Points of a plane in a k-d tree: `order` is halved again and again, by x and by y in turn.
 * `splits` has the x or y between the halves, at the middle of each range.
 */
export class PlaneIndex {
  /** @param {Float32Array} points  x0, y0, x1, y1, ...  @param {number} most  neighbours to find */
  constructor(points, most) {
    this.points = points;
    this.order = Uint32Array.from({ length: points.length / 2 }, (_, i) => i);
    this.splits = new Float32Array(this.order.length);
    this.few = new Few(most);
    this.#halve(0, this.order.length, 0);
  }

  /** @param {import('./types.js').Point} place */
  nearest([x, y]) {
    this.few.clear();
    this.#search(0, this.order.length, x, y, 0);
    return this.few;
  }

  /** @param {number} low @param {number} high @param {number} axis */
  #halve(low, high, axis) {
    if (high - low <= LEAF) return;
    const { points } = this;
    this.order.subarray(low, high).sort((a, b) => points[2 * a + axis] - points[2 * b + axis]);
    const middle = (low + high) >> 1;
    this.splits[middle] = points[2 * this.order[middle] + axis];
    this.#halve(low, middle, 1 - axis);
    this.#halve(middle, high, 1 - axis);
  }

  /** @param {number} low @param {number} high @param {number} x @param {number} y @param {number} axis */
  #search(low, high, x, y, axis) {
    const { points, order, few } = this;
    if (high - low <= LEAF) {
      for (let at = low; at < high; at += 1) {
        const i = order[at];
        const square = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
        if (square < few.limit) few.add(i, square);
      }
      return;
    }
    const middle = (low + high) >> 1;
    const beyond = (axis ? y : x) - this.splits[middle];
    if (beyond < 0) this.#search(low, middle, x, y, 1 - axis);
    else this.#search(middle, high, x, y, 1 - axis);
    if (beyond ** 2 >= few.limit) return;
    if (beyond < 0) this.#search(middle, high, x, y, 1 - axis);
    else this.#search(low, middle, x, y, 1 - axis);
  }
}

/**
 * Codes, compared by all their dimensions up to 64; wider ones by a sketch of 64 numbers. In the sketch
 * the dimensions with the widest spread have a number each, and the others are added to these with random signs,
 * which keeps squared distances on average (Charikar et al. 2002). A code is still the nearest to
 * itself.
 */
export class CodeIndex {
  /**
   * @param {Float32Array} codes  one after another
   * @param {{index: number, std: number}[]} dims  each dimension's spread
   * @param {number} most  neighbours to find
   */
  constructor(codes, dims, most) {
    const d = dims.length;
    this.width = Math.min(d, SKETCH);
    this.bucket = new Uint8Array(d);
    this.sign = new Float32Array(d);
    [...dims]
      .sort((a, b) => b.std - a.std)
      .forEach(({ index }, rank) => {
        this.bucket[index] = rank % this.width;
        this.sign[index] = Math.imul(rank, 0x9e3779b1) < 0 ? -1 : 1;
      });
    this.count = codes.length / d;
    this.few = new Few(most);
    this.sketches = new Float32Array(this.count * this.width);
    for (let i = 0; i < this.count; i += 1) this.#sketch(codes, i * d, this.sketches, i * this.width);
    this.query = new Float32Array(this.width);
  }

  /** @param {ArrayLike<number>} z */
  nearest(z) {
    const { width, sketches, query, few } = this;
    query.fill(0);
    this.#sketch(z, 0, query, 0);
    few.clear();
    for (let i = 0, at = 0; i < this.count; i += 1, at += width) {
      let square = 0;
      for (let start = 0; start < width && square < few.limit; start += CHUNK) {
        const end = Math.min(start + CHUNK, width);
        for (let j = start; j < end; j += 1) {
          const step = sketches[at + j] - query[j];
          square += step * step;
        }
      }
      if (square < few.limit) few.add(i, square);
    }
    return few;
  }

  /** @param {ArrayLike<number>} from @param {number} at @param {Float32Array} to @param {number} place */
  #sketch(from, at, to, place) {
    const { bucket, sign } = this;
    for (let j = 0; j < bucket.length; j += 1) to[place + bucket[j]] += sign[j] * from[at + j];
  }
}

/**
 * Mean of `values` over the nearest points, weighted by (1 / distance - 1 / reach)² (Shepard 1968 as
 * modified by Franke & Little). The reach is the distance of the last point, so a point's weight is
 * zero when another one replaces it: the mean is continuous. On a point it is that point's value.
 * If there are fewer points than requested, all count.
 * @param {{indices: Int32Array, squares: Float64Array, size: number}} few
 * @param {Float32Array} values
 * @param {number} width
 */
export function blend({ indices, squares, size }, values, width) {
  const result = new Float32Array(width);
  const further = size < squares.length ? 2 : 1 + SHARPEST;
  const reach = Math.sqrt(squares[size - 1]) * further + 1e-30;
  let total = 0;
  for (let near = 0; near < size; near += 1) {
    const distance = Math.sqrt(squares[near]);
    const weight = ((reach - distance) / (distance + SHARPEST * reach)) ** 2;
    total += weight;
    const at = indices[near] * width;
    for (let j = 0; j < width; j += 1) result[j] += weight * values[at + j];
  }
  for (let j = 0; j < width; j += 1) result[j] /= total;
  return result;
}
