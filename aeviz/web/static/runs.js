/**
 * The list of runs as a table: rows can be ticked, a name opens its run, a column header sorts. The
 * component passes two values to Python: `chosen` (ids, in the order in which they were ticked)
 * and `sort` ({by, falling}). Rows stay the same elements while their texts change, so that ticks and
 * the focus survive a refresh of the list.
 */

import { h } from './dom.js';

/** @import { Component } from './types.js' */

/**
 * @typedef {string} Key  of a column
 * @typedef {{by: Key, falling: boolean}} Sort
 * @typedef {{id: string, href: string, phase: string, share: number, colour: string,
 *   cells: Record<Key, string>, more: Record<Key, string>}} Run
 *   its texts by column, and their tooltips; `share`: the progress of its training
 * @typedef {{chosen: string[], columns: [Key, string][], sorts: Key[], sort: Sort, own: boolean,
 *   rows: Run[], empty: string}} RunsData
 *   `sorts`: the columns that can be sorted by; `own`: whether all are the person's own
 * @typedef {{element: HTMLElement, box: HTMLInputElement, cells: Record<Key, HTMLElement>}} Row
 */

/** @type {WeakMap<HTMLElement, Table>} */
const tables = new WeakMap();

/** @param {Component<RunsData>} component */
export default (component) => {
  const { parentElement, data } = component;
  const table = tables.get(parentElement) ?? new Table(parentElement, data);
  tables.set(parentElement, table);
  table.show(component);
  return () => {};
};

class Table {
  /** @param {HTMLElement} parent @param {RunsData} data */
  constructor(parent, data) {
    this.chosen = new Set(data.chosen);
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    this.sort = data.sort;
    /** @type {Component<RunsData>['setStateValue']} */
    this.send = () => {};
    this.all = h('input', {
      type: 'checkbox',
      title: 'Tick all, or none',
      'aria-label': 'Tick all, or none',
      onchange: () => this.tickAll(),
    });
    this.heads = data.columns.map(([key, label]) => this.head(key, label, data.sorts.includes(key)));
    this.body = h('tbody');
    this.empty = h('p', { class: 'av-runs-empty' });
    this.table = h(
      'table',
      { 'aria-label': 'Runs' },
      h('thead', {}, h('tr', {}, h('th', { class: 'av-runs-tick' }, this.all), ...this.heads)),
      this.body,
    );
    this.root = h(
      'div',
      { class: 'av-runs', 'data-testid': 'aeviz-runs' },
      h('div', { class: 'av-runs-frame', tabindex: '-1' }, this.table),
      this.empty,
    );
    parent.append(this.root);
  }

  /** @param {Key} key @param {string} label @param {boolean} sorts */
  head(key, label, sorts) {
    const says = sorts ? h('button', { type: 'button', onclick: () => this.sortBy(key) }, label) : label;
    return h('th', { scope: 'col', class: `av-runs-${key}`, 'data-key': key }, says);
  }

  /** @param {Component<RunsData>} component */
  show({ data, setStateValue }) {
    this.send = setStateValue;
    this.sort = data.sort;
    this.root.classList.toggle('av-runs-own', data.own);
    for (const th of this.heads) {
      const here = th.dataset.key === data.sort.by;
      th.setAttribute('aria-sort', here ? (data.sort.falling ? 'descending' : 'ascending') : 'none');
    }
    const shown = new Set(data.rows.map((row) => row.id));
    for (const [id, row] of this.rows) {
      if (shown.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    let at = this.body.firstChild;
    for (const said of data.rows) {
      const row = this.rows.get(said.id) ?? this.row(said, data.columns);
      this.fill(row, said);
      if (row.element === at) at = at.nextSibling;
      else this.body.insertBefore(row.element, at);
    }
    this.empty.textContent = data.empty;
    this.empty.hidden = !data.empty;
    this.table.hidden = !data.rows.length;
    this.ticks();
  }

  /** @param {Run} said @param {[Key, string][]} columns */
  row(said, columns) {
    /** @type {HTMLInputElement} */
    const box = h('input', { type: 'checkbox', onchange: () => this.tick(said.id, box.checked) });
    const link = h('a', { href: said.href, onclick: open });
    /** @type {Record<Key, HTMLElement>} */
    const cells = Object.fromEntries(columns.map(([key]) => [key, h('td', { class: `av-runs-${key}` })]));
    cells.name.append(link);
    const element = h(
      'tr',
      { 'data-run': said.id },
      h('td', { class: 'av-runs-tick' }, box),
      ...Object.values(cells),
    );
    const row = { element, box, cells: { ...cells, name: link } };
    this.rows.set(said.id, row);
    return row;
  }

  /** @param {Row} row @param {Run} said */
  fill(row, said) {
    for (const [key, cell] of Object.entries(row.cells)) {
      if (cell.textContent !== said.cells[key]) cell.textContent = said.cells[key];
      cell.title = said.more[key] ?? '';
    }
    row.box.setAttribute('aria-label', `Tick ${said.cells.name}`);
    row.element.dataset.phase = said.phase;
    row.element.style.setProperty('--share', String(said.share));
    row.element.style.setProperty('--colour', said.colour || 'var(--st-primary-color)');
  }

  ticks() {
    const shown = [...this.rows].filter(([id]) => this.chosen.has(id));
    for (const [id, row] of this.rows) {
      row.box.checked = this.chosen.has(id);
      row.element.classList.toggle('av-runs-ticked', row.box.checked);
    }
    this.all.checked = shown.length > 0 && shown.length === this.rows.size;
    this.all.indeterminate = shown.length > 0 && !this.all.checked;
  }

  /** @param {string} id @param {boolean} on */
  tick(id, on) {
    if (on) this.chosen.add(id);
    else this.chosen.delete(id);
    this.changed();
  }

  tickAll() {
    const any = [...this.rows.keys()].some((id) => this.chosen.has(id));
    this.chosen = new Set(any ? [] : this.rows.keys());
    this.changed();
  }

  changed() {
    this.ticks();
    this.send('chosen', [...this.chosen]);
  }

  /** @param {Key} key */
  sortBy(key) {
    this.send('sort', { by: key, falling: this.sort.by === key && !this.sort.falling });
  }
}

/**
 * Go to the link's page in the same way as the browser's "forward". The page keeps its session, and
 * components of this page no longer refresh once the other page has started.
 * @param {MouseEvent} event
 */
function open(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // another tab
  event.preventDefault();
  if (event.currentTarget instanceof HTMLAnchorElement) {
    window.history.pushState({}, '', event.currentTarget.href);
  }
  window.dispatchEvent(new PopStateEvent('popstate', { state: {} }));
}
