/**
 * Draw: the drawing is encoded as the pen moves. Its code is the current code, and its
 * reconstruction is beside the pad. The pad keeps the drawing when the code is
 * moved by other means. The address has only the code.
 */

import { Picture, sideBySide } from './canvas.js';
import { h } from './dom.js';
import { DrawingPad } from './draw.js';
import { followDrawing } from './follow.js';
import { PhotoEditor } from './photo_editor.js';
import { messageOf } from './status.js';
import { button, fileButton, takeDrops } from './toolbar.js';
import { invert, readPicture } from './upload.js';

/** @param {import('./modes.js').Stage} stage */
export function open({ gallery, state, client, signal }) {
  const reconstruction = new Picture(gallery.imageShape, {
    'data-testid': 'aeviz-drawn-reconstruction',
    'aria-label': 'Reconstruction of the drawing',
  });
  const error = h('output', { class: 'aeviz-readout' }, '–');
  const note = h('p', {
    class: 'aeviz-muted aeviz-slot-note',
    role: 'status',
    'data-testid': 'aeviz-draw-note',
  });
  const follow = followDrawing(
    client,
    (reply) => {
      state.go(reply.code, null, reply.time); // first; the rest is drawn in the same frame
      reconstruction.draw(reply.pixels);
      error.textContent = `${reply.error.toPrecision(2)} MSE`;
    },
    signal,
  );
  const pad = new DrawingPad(
    gallery.imageShape,
    (image, time) => {
      note.replaceChildren();
      follow(image, time);
    },
    { centre: gallery.handwriting },
  );

  /** @param {import('./upload.js').Fitted} fitted @param {number} time */
  const lay = (fitted, time) => {
    pad.lay(fitted.image, time);
    note.replaceChildren(fitted.note);
  };
  const editor = new PhotoEditor(
    gallery,
    { onRead: lay, onFailure: (text) => note.replaceChildren(text) },
    signal,
  );
  /** @param {File} file @param {number} time */
  const read = async (file, time) => {
    try {
      const fitted = await readPicture(file, gallery);
      if (signal.aborted) return;
      editor.open(fitted.photo);
      lay(fitted, time);
    } catch (failure) {
      note.replaceChildren(messageOf(failure));
    }
  };
  const turn = button('Invert', 'Invert light and dark', (event) => {
    const image = pad.image.slice();
    invert(image);
    pad.lay(image, event.timeStamp);
  });
  const element = h(
    'div',
    { class: 'aeviz-drawmode' },
    editor.element,
    h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Draw here'), pad.element),
    h('figure', {}, h('h4', { class: 'aeviz-bar' }, 'Reconstruction'), reconstruction.canvas),
    h(
      'div',
      { class: 'aeviz-drawside' },
      h(
        'div',
        { class: 'aeviz-bar', title: 'Mean squared error per pixel, on the scale of 0 to 1' },
        h('h4', {}, 'They differ by'),
        error,
      ),
      h(
        'p',
        { class: 'aeviz-muted' },
        'The encoder turns the drawing into a code, the decoder turns the code back into an image. ' +
          (gallery.handwriting ? 'The drawing is centred first, as the training images are. ' : '') +
          'Draw something that the model has never seen, and see what it makes of it.',
      ),
      h(
        'div',
        { class: 'aeviz-slot-row' },
        ...fileButton({ testid: 'aeviz-draw-file', onFile: read }),
        gallery.imageShape[0] === 1 ? turn : null,
      ),
      note,
    ),
  );
  takeDrops(element, read);

  return {
    element,
    picture: () => sideBySide([pad.picture.canvas, reconstruction.canvas]),
    close: () => editor.open(null),
  };
}
