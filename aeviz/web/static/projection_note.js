/** The note on a projection below the map, and its trustworthiness. */

import { h } from './dom.js';

/**
 * @param {import('./projection.js').Projection} projection
 * @returns {(string | HTMLElement)[]}
 */
export function projectionNote({ note, truth }) {
  if (!truth) return [note];
  return [
    `${note} `,
    h(
      'abbr',
      {
        title: truth.title,
        tabindex: 0,
        'data-testid': 'aeviz-trustworthiness',
      },
      truth.text,
    ),
  ];
}
