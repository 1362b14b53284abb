/** Connecting to a model's live route, as soon as its name is known. */

import { whyNoSocket } from './connection.js';
import { LiveClient } from './socket.js';

/** @type {Map<string, WebSocket>} */
const openedAhead = new Map();

/**
 * Start to connect to a model while its gallery is still loading; `connectTo` takes over.
 * @param {string} model
 * @param {AbortSignal} signal  closes the connection if it is never used
 */
export function connectAhead(model, signal) {
  const url = addressOf(model);
  openedAhead.set(url, new WebSocket(url));
  signal.addEventListener('abort', () => takeOpened(url)?.close());
}

/** @param {string} url */
function takeOpened(url) {
  const socket = openedAhead.get(url);
  openedAhead.delete(url);
  return socket && socket.readyState <= WebSocket.OPEN ? socket : undefined;
}

/**
 * A client for the model of this gallery, on the server that the page came from.
 * @param {import('./gallery.js').Gallery} gallery
 * @param {import('./status.js').StatusLine} status
 * @param {(pixels: Uint8Array) => void} [onFrame]
 */
export function connectTo(gallery, status, onFrame) {
  const url = addressOf(gallery.name);
  return new LiveClient(url, {
    latentDim: gallery.latentDim,
    onFrame,
    onStatus: (now) => status.show(now),
    dial: () => takeOpened(url) ?? new WebSocket(url),
    why: whyNoSocket,
  });
}

/** @param {string} model */
function addressOf(model) {
  const url = new URL(`aeviz/live/${encodeURIComponent(model)}`, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
