/** A photo from the camera: the video fills the viewer, a round button takes the photo. */

import { context2d, h } from '../../static/dom.js';
import { sign } from './tools.js';

const WISH = { video: { facingMode: 'environment', width: { ideal: 4096 }, height: { ideal: 3072 } } };

/**
 * @param {HTMLElement} stage  the viewer
 * @param {{take: (files: File[]) => void, say: (sentence: string) => void}} listener
 * @returns {{open: () => void, close: () => void, input: HTMLElement}}
 */
export function camera(stage, { take, say }) {
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {HTMLElement | null} */
  let finder = null;
  let turn = 0; // the person may have closed it, or reopened it, before the camera is ready
  // Without https a page cannot use the camera, but a phone's own camera app still works.
  const input = h('input', {
    type: 'file',
    accept: 'image/*',
    capture: 'environment',
    hidden: true,
    onchange: () => {
      take([...(input.files ?? [])]);
      input.value = '';
    },
  });
  const close = () => {
    turn += 1;
    if (stream) stop(stream);
    finder?.remove();
    stream = finder = null;
  };
  const shoot = async (/** @type {HTMLVideoElement} */ video) => {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    context2d(canvas).drawImage(video, 0, 0);
    close();
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    const time = new Date().toTimeString().slice(0, 8).replaceAll(':', '-');
    take([new File([blob], `camera-${time}.png`, { type: 'image/png' })]);
  };
  const open = async () => {
    if (!navigator.mediaDevices?.getUserMedia) {
      input.click();
      return;
    }
    close();
    const mine = turn;
    let opened;
    try {
      opened = await navigator.mediaDevices.getUserMedia(WISH);
    } catch (error) {
      if (mine === turn)
        say(
          error instanceof DOMException && error.name === 'NotAllowedError'
            ? 'The browser does not let this page use the camera: allow it in the address bar.'
            : 'No camera was found; choose a photo instead.',
        );
      return;
    }
    if (mine !== turn) {
      stop(opened);
      return;
    }
    stream = opened;
    const video = h('video', { autoplay: true, playsinline: true });
    video.muted = true;
    video.srcObject = stream;
    const shutter = h('button', {
      type: 'button',
      class: 'dr-shutter',
      title: 'Take the photo',
      'aria-label': 'Take the photo',
      'data-testid': 'aeviz-shutter',
      disabled: true,
      onclick: () => shoot(video),
    });
    video.onloadeddata = () => {
      shutter.disabled = false;
      shutter.focus();
    };
    finder = h(
      'div',
      {
        class: 'dr-finder',
        onkeydown: (event) => {
          if (event.key === 'Escape') close();
        },
      },
      video,
      shutter,
      sign('close', 'Close the camera', close, 'aeviz-camera-close'),
    );
    stage.append(finder);
  };
  return { open, close, input };
}

/** @param {MediaStream} stream */
function stop(stream) {
  stream.getTracks().forEach((track) => track.stop());
}
