/** Ways in for photos: dropped, chosen, pasted. */

import { h } from '../../static/dom.js';

const TYPES = 'image/*,.tif,.tiff,.bmp,.webp,.avif,.jp2,.j2k';

/**
 * @param {HTMLElement} element  where files may be dropped
 * @param {(files: File[]) => void} take
 * @returns {{choose: () => void, input: HTMLElement, stop: () => void}}
 */
export function intake(element, take) {
  const input = h('input', {
    type: 'file',
    accept: TYPES,
    multiple: true,
    hidden: true,
    'data-testid': 'aeviz-files',
    onchange: () => {
      take([...input.files]);
      input.value = ''; // so that the same file can be chosen again
    },
  });
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  const leave = () => delete element.dataset.dropping;
  // On the whole page: a file dropped beside the tool must not replace the page.
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (element.contains(event.target)) element.dataset.dropping = '';
    else leave();
  };
  const gone = (event) => {
    if (!event.relatedTarget) leave();
  };
  const drop = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    leave();
    if (element.contains(event.target)) take([...event.dataTransfer.files]);
  };
  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  };
  const listeners = { dragover: over, dragleave: gone, drop, paste };
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener);
  return {
    choose: () => input.click(),
    input,
    stop() {
      for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener);
    },
  };
}
