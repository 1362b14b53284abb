/**
 * A photo with a frame to correct, on the Reconstruct page. The frame that has rested is handed to
 * Python as the component's value `frame`; "whole" where the whole picture is to be taken.
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
  const { frame, ...photo } = data; // a frame that comes back from Python rebuilds nothing
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
