/** The photo server over HTTP: each call returns the server's response, or throws a Problem. */

import { whyRefused } from '../../static/connection.js';

const BASE = 'aeviz/darkroom/';
const AWAY = 'The server cannot be reached. Retrying…';

/** An error, as a sentence for the person. */
export class Problem extends Error {
  /**
   * @param {string} sentence
   * @param {'refused' | 'unsure' | 'gone' | 'away'} kind  refused: do not try again;
   *   unsure: the person has to confirm; gone: the server has removed the photo; away: no response
   */
  constructor(sentence, kind = 'refused') {
    super(sentence);
    this.kind = kind;
  }
}

/** Any thrown value, as a Problem. @param {unknown} error */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  return new Problem(error instanceof Error ? error.message : String(error));
}

/**
 * @typedef {Record<string, string | number | null | undefined>} Query  null and undefined are omitted
 * @typedef {{error?: string}} Refusal
 */

/** An address of the photo server, below the page's base. @param {string} path @param {Query} [query] */
export function address(path, query = {}) {
  const url = new URL(BASE + path, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

/** The address of the socket that restores. */
export function socketAddress() {
  const url = new URL(address('work'));
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** @param {string} path @returns {Promise<any>} the JSON at this path */
export async function getJson(path) {
  return (await ask(address(path))).json();
}

/** @param {string} path @param {Query} [query] @returns {Promise<Blob>} the file at this path */
export async function getBlob(path, query) {
  return (await ask(address(path, query))).blob();
}

/**
 * @param {string} path
 * @param {Blob} body
 * @param {Query} [query]
 * @returns {Promise<any>} the server's response to PUT `body` at this path
 */
export async function putBlob(path, body, query) {
  return (await ask(address(path, query), { method: 'PUT', body })).json();
}

/** Delete a photo or a result on the server; a failure is harmless, because it removes unused ones anyway. @param {string} id */
export function forget(id) {
  fetch(address(`photos/${id}`), { method: 'DELETE', keepalive: true }).catch(() => {});
}

/**
 * Upload a photo.
 * @param {Blob} blob
 * @param {Query} query
 * @param {(share: number) => void} onProgress  0..1
 * @param {AbortSignal} signal
 * @returns {Promise<import('./photos.js').Info>} the photo as the server has it
 */
export function upload(blob, query, onProgress, signal) {
  // fetch does not report how much has been sent.
  const request = new XMLHttpRequest();
  signal.addEventListener('abort', () => request.abort());
  return new Promise((settle, fail) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 200 && body) settle(body);
      else problem(request.status, body).then(fail);
    };
    request.onerror = () => fail(new Problem(AWAY, 'away'));
    request.onabort = () => fail(new Problem('Cancelled.'));
    request.open('POST', address('photos', query));
    request.send(blob);
  });
}

/** @param {string} url @param {RequestInit} [options] */
async function ask(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new Problem(AWAY, 'away');
  }
  if (!response.ok) throw await problem(response.status, parsed(await response.text()));
  return response;
}

/** @param {number} status @param {Refusal | null} body */
async function problem(status, body) {
  const refused = status === 403 && (await whyRefused());
  if (refused) return new Problem(refused);
  if (body?.error)
    return new Problem(body.error, status === 404 ? 'gone' : status === 409 ? 'unsure' : 'refused');
  if (status >= 500 && status !== 500) return new Problem(AWAY, 'away'); // a proxy that cannot reach its server
  return new Problem(`The server could not do this (status ${status}): try again.`);
}

/** @param {string} text @returns {any} null if it is not JSON */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
