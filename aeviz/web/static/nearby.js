/** The nearest of many points on a plane, found through a uniform grid of cells. */

const PER_CELL = 2; // points per cell, if they were spread evenly

export class Nearby {
  /** @param {Float32Array} points  x0, y0, x1, y1, ... */
  constructor(points) {
    this.points = points;
    const count = points.length / 2;
    let left = Infinity;
    let right = -Infinity;
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < count; i += 1) {
      const x = points[2 * i];
      const y = points[2 * i + 1];
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
    this.side = Math.max(1, Math.ceil(Math.sqrt(count / PER_CELL)));
    this.left = left;
    this.low = low;
    this.width = Math.max((right - left) / this.side, 1e-12);
    this.height = Math.max((high - low) / this.side, 1e-12);
    const { starts, members } = this.#sort(count);
    this.starts = starts;
    this.members = members;
  }

  /**
   * The point nearest to (x, y) among those within `reach` that `accepts`; -1 if there is none.
   * @param {number} x
   * @param {number} y
   * @param {number} reach  in units of the plane
   * @param {(index: number) => boolean} accepts
   */
  nearest(x, y, reach, accepts) {
    const { points, side, starts, members } = this;
    const clamp = (/** @type {number} */ cell) => Math.min(side - 1, Math.max(0, cell));
    const firstColumn = clamp(Math.floor((x - reach - this.left) / this.width));
    const lastColumn = clamp(Math.floor((x + reach - this.left) / this.width));
    const firstRow = clamp(Math.floor((y - reach - this.low) / this.height));
    const lastRow = clamp(Math.floor((y + reach - this.low) / this.height));
    let least = reach ** 2;
    let best = -1;
    for (let row = firstRow; row <= lastRow; row += 1) {
      const end = starts[row * side + lastColumn + 1];
      for (let at = starts[row * side + firstColumn]; at < end; at += 1) {
        const i = members[at];
        const distance = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
        if (distance < least && accepts(i)) {
          least = distance;
          best = i;
        }
      }
    }
    return best;
  }

  /**
   * Points in the order of their cells (`members`), and where each cell begins (`starts`).
   * @param {number} count
   */
  #sort(count) {
    const { points, side } = this;
    const last = side - 1;
    const cells = new Uint32Array(count);
    const starts = new Uint32Array(side * side + 1);
    for (let i = 0; i < count; i += 1) {
      const column = Math.min(last, Math.floor((points[2 * i] - this.left) / this.width));
      const row = Math.min(last, Math.floor((points[2 * i + 1] - this.low) / this.height));
      cells[i] = row * side + column;
      starts[cells[i] + 1] += 1;
    }
    for (let cell = 0; cell < side * side; cell += 1) starts[cell + 1] += starts[cell];
    const next = starts.slice();
    const members = new Uint32Array(count);
    for (let i = 0; i < count; i += 1) members[next[cells[i]]++] = i;
    return { starts, members };
  }
}
