/** Input of photos: dropped, chosen or pasted. */

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
      take([...(input.files ?? [])]);
      input.value = ''; // so that the same file can be chosen again
    },
  });
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  const inside = (/** @type {DragEvent} */ event) =>
    event.target instanceof Node && element.contains(event.target);
  const leave = () => delete element.dataset.dropping;
  // On the whole page: a file dropped outside the element must not replace the page.
  const over = (/** @type {DragEvent} */ event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (inside(event)) element.dataset.dropping = '';
    else leave();
  };
  const gone = (/** @type {DragEvent} */ event) => {
    if (!event.relatedTarget) leave();
  };
  const drop = (/** @type {DragEvent} */ event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    leave();
    if (inside(event)) take([...(event.dataTransfer?.files ?? [])]);
  };
  const paste = (/** @type {ClipboardEvent} */ event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  };
  const listening = new AbortController();
  const { signal } = listening;
  document.addEventListener('dragover', over, { signal });
  document.addEventListener('dragleave', gone, { signal });
  document.addEventListener('drop', drop, { signal });
  document.addEventListener('paste', paste, { signal });
  return {
    choose: () => input.click(),
    input,
    stop: () => listening.abort(),
  };
}
