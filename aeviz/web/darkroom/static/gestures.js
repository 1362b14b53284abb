/**
 * Gestures on the viewer: drag the divider or the picture, pinch, wheel, double click, brush, keys.
 */

/** How near to the divider a pointer grabs it, in CSS pixels. @type {Record<string, number>} */
const NEAR = { mouse: 24, pen: 28, touch: 40 };
const WHEEL = 0.0022;
const LINE = 18; // pixels in a wheel's line
const ARROW = 60;
const KEY_ZOOM = 1.4;

/**
 * @typedef {'pinch' | 'divide' | 'paint' | 'pan' | 'look'} Doing
 * @typedef {{x: number, y: number}} Point  CSS pixels from the viewer's top left corner
 * @typedef {{
 *   view: import('./view.js').View,
 *   divideAt: () => number | null, divide: (x: number) => void,
 *   fold: (point: Point) => Point,
 *   looking: () => boolean, painting: () => boolean, brush: (kind: 'begin' | 'to' | 'end' | 'undo', point?: Point) => void,
 *   hover: (point: (Point & {touch: boolean}) | null) => void, changed: () => void,
 *   focus: (doing: Doing) => void, key: (key: string) => boolean}} Stage
 *   `divideAt` is null without a divider; `fold` maps a point in the right pane to the left one
 */

/**
 * @param {HTMLElement} element
 * @param {Stage} stage
 */
export function handle(element, stage) {
  /** @type {Map<number, Point>} */
  const down = new Map();
  /** @type {Doing | null} */
  let doing = null;
  let tapped = false;

  const at = (/** @type {MouseEvent} */ event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  /** @param {PointerEvent} event @param {Point} point */
  const near = (event, point) => {
    const x = stage.divideAt();
    return x !== null && Math.abs(point.x - x) < (NEAR[event.pointerType] ?? NEAR.mouse);
  };
  /** @param {PointerEvent} event @param {Point} point @returns {Doing} */
  const begin = (event, point) => {
    if (down.size > 1) return 'pinch';
    if (near(event, point) && !stage.painting()) return 'divide';
    if (stage.painting() && event.button === 0 && !event.altKey) return 'paint';
    if (stage.view.roams || event.button === 1) return 'pan';
    return stage.divideAt() === null || stage.looking() ? 'look' : 'divide';
  };
  const start = (/** @type {PointerEvent} */ event) => {
    if (event.button > 1) return;
    element.setPointerCapture(event.pointerId);
    const point = at(event);
    down.set(event.pointerId, point);
    element.dataset.pointer = ''; // no focus ring after a pointer
    // Two fingers are never a stroke: undo what the first one has drawn.
    if (doing === 'paint' && down.size > 1) stage.brush('undo');
    doing = begin(event, point);
    // A finger may be about to scroll the page: it moves the divider only once it moves
    // sideways, or is lifted without moving.
    tapped = event.pointerType === 'touch' && doing === 'divide' && !near(event, point);
    if (doing === 'divide' && !tapped) stage.divide(point.x);
    stage.focus(doing);
    if (doing === 'paint') stage.brush('begin', stage.fold(point));
    element.dataset.doing = doing;
    stage.hover({ ...point, touch: event.pointerType === 'touch' });
    event.preventDefault();
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const point = at(event);
    const touch = event.pointerType === 'touch';
    const last = down.get(event.pointerId);
    if (!last) {
      element.dataset.near = String(near(event, point) && !stage.painting());
      stage.hover({ ...point, touch });
      return;
    }
    tapped = false;
    if (doing === 'pinch') pinch(event.pointerId, last, point);
    if (doing === 'pan') stage.view.pan(point.x - last.x, point.y - last.y);
    if (doing === 'divide') stage.divide(point.x);
    if (doing === 'paint') {
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const step of passed.length ? passed : [event]) stage.brush('to', stage.fold(at(step)));
    }
    down.set(event.pointerId, point);
    stage.hover({ ...point, touch });
    stage.changed();
  };
  /** @param {number} id @param {Point} last  the finger's last position @param {Point} point */
  const pinch = (id, last, point) => {
    const [other] = [...down].filter(([key]) => key !== id).map(([, place]) => place);
    const apart = (/** @type {Point} */ a) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
    const middle = stage.fold({ x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 });
    stage.view.zoomBy(apart(point) / apart(last), middle.x, middle.y);
    stage.view.pan((point.x - last.x) / 2, (point.y - last.y) / 2);
  };
  const end = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId)) return;
    if (doing === 'paint') stage.brush('end');
    if (tapped && event.type === 'pointerup') stage.divide(at(event).x);
    doing = down.size ? 'pan' : null;
    if (!doing) {
      delete element.dataset.doing;
      if (event.pointerType === 'touch') stage.hover(null);
    }
  };

  element.addEventListener('pointerdown', start);
  element.addEventListener('pointermove', move);
  element.addEventListener('pointerup', end);
  element.addEventListener('pointercancel', end);
  element.addEventListener('pointerleave', () => {
    if (!down.size) stage.hover(null);
  });
  element.addEventListener('dblclick', (event) => {
    if (stage.painting()) return;
    const point = stage.fold(at(event));
    stage.view.toggle(point.x, point.y);
    stage.changed();
  });
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const point = stage.fold(at(event));
      const by = event.deltaY * (event.deltaMode ? LINE : 1) * (event.ctrlKey ? 4 : 1); // a pinch on a touchpad
      stage.view.zoomBy(Math.exp(-WHEEL * by), point.x, point.y);
      stage.changed();
    },
    { passive: false },
  );
  element.addEventListener('keydown', (event) => {
    delete element.dataset.pointer;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pans = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (pans) stage.view.pan(ARROW * pans[0], ARROW * pans[1]);
    else if (event.key === '+' || event.key === '=') stage.view.zoomBy(KEY_ZOOM);
    else if (event.key === '-') stage.view.zoomBy(1 / KEY_ZOOM);
    else if (event.key === '0') stage.view.fit();
    else if (event.key === '1') stage.view.zoomBy(1 / stage.view.zoom);
    else if (!stage.key(event.key)) return;
    event.preventDefault();
    stage.changed();
  });
}
