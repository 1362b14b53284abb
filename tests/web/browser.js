/** Test doubles of the parts of a browser that a tested module uses. */

/** An animation frame comes when `frames.next()` says so. */
export function stubFrames() {
  const waiting = [];
  globalThis.requestAnimationFrame = (work) => waiting.push(work);
  return {
    next() {
      for (const work of waiting.splice(0)) work(performance.now());
    },
  };
}

/** The page's address; `history.replaceState` changes it. */
export function stubAddress(href) {
  const location = { href, search: new URL(href).search };
  const history = {
    state: null,
    replaceState(_state, _title, url) {
      location.href = String(url);
      location.search = new URL(location.href).search;
    },
  };
  globalThis.window = { location, history };
  return location;
}

/** A WebSocket that records sent messages; `open`, `reply` and `end` play the server. */
export class FakeSocket {
  static all = [];

  constructor() {
    this.readyState = 0;
    this.sent = [];
    FakeSocket.all.push(this);
  }

  send(message) {
    const view = new DataView(message);
    const values = [...new Float32Array(message, 8)];
    this.sent.push({ id: view.getUint32(0, true), op: view.getUint8(4), values });
  }

  close() {
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  /** Answer a request with these bytes after the header. */
  reply({ id, op }, bytes = [7]) {
    const body = new Uint8Array(8 + bytes.length);
    const view = new DataView(body.buffer);
    view.setUint32(0, id, true);
    view.setUint8(4, op);
    body.set(bytes, 8);
    this.onmessage({ data: body.buffer });
  }

  end(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}

/** @param {number} count  of numbers from -0.5 to 0.5, the same for the same seed */
export function random(count, seed = 1) {
  let state = seed;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  return new Float32Array(count).map(next);
}
