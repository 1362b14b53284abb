/** The model in one line: what it reached, how large it is, what it learnt from. */

/** @param {import('./session.js').Task} task */
export function card({ name, model }) {
  const parts = [];
  if (name === 'colour') parts.push('A guess: what the colours were, nobody can tell from grey.');
  if (!model) return parts.join(' ');
  const size = model.parameters ? `${(model.parameters / 1e6).toFixed(1)} million weights` : null;
  parts.push([model.name, model.figures, size, model.dataset ? `trained on ${model.dataset}` : null].filter(Boolean).join(' · '));
  return parts.join(' ');
}
