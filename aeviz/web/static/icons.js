/** The icons of the buttons, drawn in strokes of one width. */

import { svg } from './dom.js';

const PATHS = {
  divide: 'M9 7l-5 5 5 5M15 7l5 5-5 5',
  divider: 'M3 5h18v14H3zM12 3v18',
  beside: 'M3 5h7.5v14H3zM13.5 5H21v14h-7.5z',
  after: 'M3 5h18v14H3zM8 12.5l3 3 5-6',
  difference: 'M3 5h18v14H3zM12 8v5M9.5 10.5h5M9.5 16h5',
  loupe: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 21 21M10.5 4v13',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  full: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  add: 'M12 5v14M5 12h14',
  photo: 'M3 5h18v14H3zM3 16l5-5 5 5 3-3 5 5M15.5 9.5h.01',
  camera: 'M4 7.5h3.5L9 5h6l1.5 2.5H20V19H4zM12 10a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4z',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4 20h16',
  link: 'M10 14l4-4M11.500 7.500l2-2a4 4 0 0 1 5.500 5.500l-2 2M12.500 16.500l-2 2a4 4 0 0 1-5.500-5.500l2-2',
  close: 'M6 6l12 12M18 6 6 18',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  failed: 'M12 6v7.5M12 17.5v.01',
  brush: 'M14 4l6 6-8 8-6-6zM8.5 15.5C5 15 4.500 18 3 20c3 .5 6 0 7.500-3',
  erase: 'M9 19 3.500 13.500 13 4l7 7-8 8zM8.500 8.500l7 7M9 19h11',
  undo: 'M8 5 4 9l4 4M4 9h10a5.500 5.500 0 0 1 0 11h-3',
  clear: 'M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13',
  dice: 'M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01',
};

/** @typedef {keyof typeof PATHS} Sign */

/** @param {Sign} name */
export function icon(name) {
  return svg(
    'svg',
    { viewBox: '0 0 24 24', class: 'av-icon', 'aria-hidden': 'true' },
    svg('path', { d: PATHS[name] }),
  );
}
