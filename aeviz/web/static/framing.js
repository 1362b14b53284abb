/**
 * A photo with an adjustable frame, on the Reconstruct page. After a change the frame is passed to
 * Python as the component's value `frame`; "whole" for the whole picture.
 */

import { mount } from './mount.js';
import { PhotoFrame } from './photo_frame.js';

const REST_MS = 250;

/** @import { Frame } from './photo.js' */

/**
 * @typedef {{src: string, width: number, height: number, found: Frame[], frame: Frame | null}} FramedPhoto
 * @param {import('./types.js').Component<FramedPhoto>} component
 */
export default ({ data, parentElement, setStateValue }) => {
  const { frame, ...photo } = data; // a frame that comes back from Python does not rebuild anything
  return mount({ data: photo, parentElement }, async (root) => {
    let resting = 0;
    const { element } = new PhotoFrame({ ...photo, frame }, (chosen) => {
      clearTimeout(resting);
      resting = setTimeout(() => setStateValue('frame', chosen ?? 'whole'), REST_MS);
    });
    root.replaceChildren(element);
    return () => clearTimeout(resting);
  });
};
