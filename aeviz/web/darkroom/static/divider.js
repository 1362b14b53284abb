/** The divider's line and handle: a slider for those who use the keyboard or cannot see it. */

import { h } from '../../static/dom.js';
import { icon } from '../../static/icons.js';

const STEP = 0.02;
const LEAP = 0.1;

export class Divider {
  /** @param {(share: number) => void} onMove  its new position, 0..1 of the viewer */
  constructor(onMove) {
    this.share = 0.5;
    this.element = h(
      'div',
      {
        class: 'dr-divider',
        role: 'slider',
        tabindex: 0,
        'data-testid': 'aeviz-divider',
        'aria-label': 'Divider between before and after',
        'aria-orientation': 'horizontal',
        'aria-valuemin': 0,
        'aria-valuemax': 100,
        onkeydown: (event) => {
          const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[
            event.key
          ];
          const end = { Home: 0, End: 1 }[event.key];
          if (by !== undefined) onMove(this.share + by * (event.shiftKey ? LEAP : STEP));
          else if (end !== undefined) onMove(end);
          else return;
          event.preventDefault();
          event.stopPropagation();
        },
      },
      h('span', { class: 'dr-knob' }, icon('divide')),
    );
  }

  /** @param {number} share @param {number} x  its position in CSS pixels @param {string} text */
  show(share, x, text) {
    this.share = share;
    this.element.style.transform = `translateX(${x}px)`;
    this.element.setAttribute('aria-valuenow', String(Math.round(100 * share)));
    this.element.setAttribute('aria-valuetext', text);
  }
}
