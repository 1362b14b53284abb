/** What a canvas is drawn on with. */

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function drawing(canvas) {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  return context;
}
