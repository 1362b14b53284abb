/**
 * The darkroom: photographs in, restored photographs out.
 *
 * The component is called again on every Streamlit rerun; photos and results live in the session,
 * so it may be rebuilt at any time.
 */

import { h, oncePerFrame } from '../../static/dom.js';
import { icon } from '../../static/icons.js';
import { mount } from '../../static/mount.js';
import { StatusLine } from '../../static/status.js';
import { tabs } from '../../static/toolbar.js';
import { camera } from './camera.js';
import { intake } from './intake.js';
import { Panel } from './panel.js';
import { Progress } from './progress.js';
import { session } from './session.js';
import { Stage } from './stage.js';
import { Strip } from './strip.js';
import { Tools } from './tools.js';

/** @param {import('../../static/types.js').Component<unknown>} component */
export default (component) => mount(component, open);

/** @param {HTMLElement} root @param {unknown} _data @param {AbortSignal} signal */
async function open(root, _data, signal) {
  const query = new URLSearchParams(window.location.search);
  await session.start(query.get('task'), query.get('sample'));
  if (signal.aborted) return () => {};

  const status = new StatusLine();
  const chips = tabs(
    session.tasks.map(({ name, title, says }) => ({ id: name, label: title, hint: says })),
    {
      name: 'What to do',
      testid: 'aeviz-task',
      onChoose: (name) => session.choose(name),
    },
  );
  const stage = new Stage(() => tools.zoomed());
  const desk = h('div', { class: 'dr-desk' });
  const tools = new Tools(stage.view, {
    changed: () => stage.draw(),
    full: () => (document.fullscreenElement ? document.exitFullscreen() : desk.requestFullscreen()),
  });
  const progress = new Progress();
  const panel = new Panel(stage);
  const take = (/** @type {File[]} */ files) => session.add(files);
  const ways = intake(root, take);
  const viewer = h('div', { class: 'dr-viewer', 'data-testid': 'aeviz-dropzone' });
  const finder = camera(viewer, { take, say: (sentence) => session.say(sentence) });
  const strip = new Strip({ choose: ways.choose, shoot: finder.open });
  const message = h('p', { class: 'dr-said', role: 'alert', hidden: true });
  viewer.append(
    stage.element,
    progress.element,
    message,
    h('div', { class: 'dr-drop' }, icon('photo'), 'Drop to restore'),
  );
  desk.append(viewer, tools.element, strip.element);
  root.classList.add('dr-root');
  root.replaceChildren(
    status.element,
    h(
      'div',
      { class: 'dr', 'data-testid': 'aeviz-darkroom' },
      h('nav', { class: 'dr-tasks' }, chips.element),
      desk,
      panel.element,
    ),
    ways.input,
    finder.input,
  );

  /** @type {import('./looking.js').Task | null} */
  let chosen = null;
  const update = oncePerFrame(() => {
    if (signal.aborted) return;
    status.show(session.status);
    if (chosen !== session.task) {
      chosen = session.task;
      chips.choose(chosen.name);
    }
    for (const part of [tools, progress, panel, strip]) part.update();
    message.hidden = !session.message;
    message.textContent = session.message;
    remember();
  });
  const stop = session.subscribe(() => {
    stage.draw();
    update();
  });
  update();
  return () => {
    stop();
    ways.stop();
    finder.close();
    stage.destroy();
  };
}

/** Keep the task and the current sample in the address. */
function remember() {
  const url = new URL(window.location.href);
  const wanted = { task: session.task.name, sample: session.shown?.sample?.name ?? null };
  for (const [name, value] of Object.entries(wanted)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  if (url.href !== window.location.href) window.history.replaceState(window.history.state, '', url);
}
