/**
 * An image moved by whole pixels so that its centre of mass is in the middle, as MNIST's digits are,
 * or as close to it as leaves all of the ink inside.
 * @param {Float32Array} image  H * W * C values, 0 where nothing is drawn
 * @param {import('./types.js').ImageShape} imageShape
 */
export function centred(image, [channels, height, width]) {
  const rows = new Float64Array(height);
  const columns = new Float64Array(width);
  for (let i = 0; i < image.length; i += 1) {
    const pixel = Math.floor(i / channels);
    rows[Math.floor(pixel / width)] += image[i];
    columns[pixel % width] += image[i];
  }
  const moved = new Float32Array(image.length);
  const [dy, dx] = [shift(rows), shift(columns)];
  for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y += 1) {
    const from = Math.max(0, -dx);
    const row = image.subarray(
      (y * width + from) * channels,
      (y * width + Math.min(width, width - dx)) * channels,
    );
    moved.set(row, ((y + dy) * width + from + dx) * channels);
  }
  return moved;
}

/** The shift along an axis that centres ink of these masses. @param {Float64Array} masses */
function shift(masses) {
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  if (!total) return 0;
  const mean = masses.reduce((sum, mass, at) => sum + mass * (at + 0.5), 0) / total;
  const first = masses.findIndex((mass) => mass > 0);
  const last = masses.findLastIndex((mass) => mass > 0);
  return Math.min(masses.length - 1 - last, Math.max(-first, Math.round(masses.length / 2 - mean)));
}
