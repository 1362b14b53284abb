/** The model in one line: its metrics, its size, its training data. */

/** For each task, the trial on the card that is shown, and its description. @type {Record<string, [string, string]>} */
const TRIALS = {
  denoise: ['noise 25', 'at σ 25'],
  impulse: ['impulse 30', 'at 30 % lost'],
  watermark: ['watermark 50', 'at 50 % opacity'],
  inpaint: ['holes 14', 'with strokes of 14 px'],
  x2: ['x2 2', 'on luminance'],
  x4: ['x4 4', 'on luminance'],
  jpeg: ['jpeg 10', 'at quality 10'],
  colour: ['grey 0', 'on the colour channels'],
};

/** @param {import('./looking.js').Task} task  its `model` is the card of the file */
export function card({ name, model }) {
  const guess = name === 'colour' ? 'A guess: nobody can tell from grey what the colours were. ' : '';
  if (!model) return guess;
  const [trial, words] = TRIALS[name] ?? [];
  const figures = model.metrics?.[trial];
  const worse = Math.round((figures?.worse ?? 0) * (model.test_images ?? 0));
  const parts = [
    model.name,
    figures
      ? `PSNR ${figures.psnr_before.toFixed(1)} → ${figures.psnr.toFixed(1)} dB ${words}${model.test_images ? `, mean of ${model.test_images} photos it never saw` : ''}`
      : null,
    worse ? `${worse} of them came out worse` : null,
    model.parameters ? `${(model.parameters / 1e6).toFixed(1)} million weights` : null,
    model.train_images
      ? `trained on ${model.train_images} ${model.dataset_title ? `images of “${model.dataset_title}”` : 'photos'}`
      : null,
  ];
  return guess + parts.filter(Boolean).join(' · ');
}
