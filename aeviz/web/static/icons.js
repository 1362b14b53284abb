/** Small line drawings for buttons, in the colour of the text. */

import { svg } from './dom.js';

const DRAWINGS = {
  download: 'M10 3v9M6 8.5l4 4 4-4M3.5 14v3h13v-3',
  link: 'M8 12l4-4M9 6.5l2-2a3.2 3.2 0 0 1 4.5 4.5l-2 2M11 13.5l-2 2a3.2 3.2 0 0 1-4.5-4.5l2-2',
};

/**
 * @param {keyof typeof DRAWINGS} name
 * @returns {SVGElement}
 */
export function icon(name) {
  return svg(
    'svg',
    { viewBox: '0 0 20 20', class: 'av-icon', 'aria-hidden': 'true' },
    svg('path', { d: DRAWINGS[name] }),
  );
}
