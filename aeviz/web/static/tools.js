/** The tools of the map: a drag moves the code, or selects points with a box or a lasso. */

import { h, svg } from './dom.js';

/** @typedef {'move' | 'box' | 'lasso'} Tool */

/** @type {{id: Tool, key: string, name: string, icon: string}[]} */
const TOOLS = [
  {
    id: 'move',
    key: 'm',
    name: 'Move',
    icon: 'M8 1.5v13M1.5 8h13M8 1.5 6 3.5M8 1.5l2 2M8 14.5l-2-2M8 14.5l2-2M1.5 8l2-2M1.5 8l2 2M14.5 8l-2-2M14.5 8l-2 2',
  },
  {
    id: 'box',
    key: 'b',
    name: 'Box select',
    icon: 'M2 2h2.5M7 2h2M11.5 2H14v2.5M14 7v2M14 11.5V14h-2.5M9 14H7M4.5 14H2v-2.5M2 9V7M2 4.5V2',
  },
  {
    id: 'lasso',
    key: 'l',
    name: 'Lasso select',
    icon: 'M5 10.5C3 9.9 1.8 8.7 1.8 7c0-2.8 2.8-4.7 6.2-4.7s6.2 1.9 6.2 4.7-2.8 4.4-6.2 4.4c-.6 0-1.1 0-1.6-.1M5 10.5a1.5 1.5 0 1 0 1.4.8M5.6 12.4c.3 1.2-.2 1.9-1.2 2.3',
  },
];

export class Tools {
  /** @param {(tool: Tool) => void} onChoose */
  constructor(onChoose) {
    this.onChoose = onChoose;
    /** @type {Tool} */
    this.tool = 'move';
    this.buttons = TOOLS.map(({ id, key, name, icon }) =>
      h(
        'button',
        {
          type: 'button',
          'data-testid': `aeviz-tool-${id}`,
          'aria-label': name,
          title: `${name} (${key.toUpperCase()})`,
          onclick: () => this.choose(id),
        },
        svg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: icon })),
      ),
    );
    this.element = h(
      'div',
      {
        class: 'aeviz-tabs aeviz-tools',
        role: 'group',
        'aria-label': 'What dragging on the map does',
        onkeydown: (event) => this.key(event),
      },
      ...this.buttons,
    );
    this.choose('move');
  }

  /**
   * Show or hide the tools. Without them a drag moves the code, because nobody could switch back.
   * @param {boolean} shown
   */
  offer(shown) {
    this.element.hidden = !shown;
    if (!shown) this.choose('move');
  }

  /** @param {Tool} tool */
  choose(tool) {
    this.tool = tool;
    this.buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(TOOLS[i].id === tool)));
    this.onChoose(tool);
  }

  /**
   * Handle a key that chooses a tool, or Escape.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether it was handled
   */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const named = TOOLS.find(({ key }) => key === event.key.toLowerCase());
    const tool = event.key === 'Escape' && this.tool !== 'move' ? 'move' : named?.id;
    if (!tool) return false;
    this.choose(tool);
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
