/**
 * The client's end of the live protocol (docs/live-protocol.md): one WebSocket per model.
 *
 * A drag may call `move` at any rate; the newest position is sent once per animation frame,
 * with as many requests in flight as the round trip needs. Single requests use `ask`.
 */

import { DECODE, ENCODE, encodedOf, idOf, pixelsOf, request } from './live_message.js';
import { Measures } from './measures.js';
import { MAX_IN_FLIGHT, RoundTrip } from './round_trip.js';

const BAD_REQUEST = 4400; // the only close code after which a retry is useless
/** Requests of more codes than this are computed separately from drags, in slices. */
const SMALL_ROWS = 16;
const RETRY_MS = [250, 500, 1000, 2000, 4000];

/**
 * @typedef {{kind: 'connecting' | 'open' | 'lost' | 'blocked' | 'refused', text: string}} Status
 * @typedef {{op: number, codes: Float32Array, settle: (body: ArrayBuffer) => void}} Question
 * @typedef {{sent: number, time: number, large: boolean, question?: Question}} Flight
 * @typedef {{code: number, reason: string}} Ending  of a connection
 */

export class LiveClient {
  /**
   * @param {string} url  ws:// or wss:// address of the model's live route
   * @param {{latentDim: number, onFrame?: (pixels: Uint8Array) => void,
   *   onStatus?: (status: Status) => void, why?: () => Promise<string | null>,
   *   dial?: () => WebSocket}} options
   *   `onFrame` draws H * W * C values; `why` says why HTTP works and WebSockets do not, or is null
   *   if the server is unreachable; `dial` opens the socket.
   */
  constructor(
    url,
    {
      latentDim,
      onFrame = () => {},
      onStatus = () => {},
      why = async () => null,
      dial = () => new WebSocket(url),
    },
  ) {
    this.url = url;
    this.latentDim = latentDim;
    this.onFrame = onFrame;
    this.onStatus = onStatus;
    this.why = why;
    this.dial = dial;
    this.roundTrip = new RoundTrip();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.retry = 0;
    /** @type {Map<number, Flight>} */
    this.flights = new Map();
    /** @type {Question[]} */
    this.questions = [];
    /** @type {{codes: Float32Array, time: number} | null} */
    this.newest = null;
    /** @type {{codes: Float32Array, time: number} | null} */
    this.shown = null;
    this.sentThisFrame = false;
    this.nextId = 1;
    this.lastDrawn = 0;
    this.measures = new Measures('aeviz.decode');
    this.failures = 0;
    this.everOpen = false;
    this.closed = false;
    this.connect();
  }

  /**
   * Show this code as soon as possible; a later call replaces one that is still waiting.
   * @param {ArrayLike<number>} code
   * @param {number} time  timeStamp of the input event behind it
   */
  move(code, time = performance.now()) {
    this.newest = { codes: Float32Array.from(code), time };
    this.measures.trim();
    this.flush();
  }

  /**
   * Decode k codes once.
   * @param {Float32Array} codes  k * latentDim values
   * @returns {Promise<Uint8Array>} k * H * W * C pixels
   */
  async decode(codes) {
    return pixelsOf(await this.ask(DECODE, codes));
  }

  /**
   * Encode one image and decode its code.
   * @param {Float32Array} image  H * W * C values in [0, 1]
   * @returns {Promise<{code: Float32Array, pixels: Uint8Array}>}
   */
  async encode(image) {
    return encodedOf(await this.ask(ENCODE, image), this.latentDim);
  }

  /** Close for good. */
  close() {
    this.closed = true;
    clearTimeout(this.retry);
    this.socket?.close();
  }

  /** @param {number} op @param {Float32Array} codes @returns {Promise<ArrayBuffer>} */
  ask(op, codes) {
    return new Promise((settle) => {
      this.questions.push({ op, codes, settle });
      this.flush();
    });
  }

  connect() {
    const socket = this.dial();
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.ended(socket, event);
    // A connection that the browser itself blocks ends with an error without a close event.
    socket.onerror = () => this.ended(socket, { code: 1006, reason: '' });
    if (socket.readyState === WebSocket.OPEN) this.opened();
  }

  opened() {
    this.everOpen = true;
    this.onStatus({ kind: 'open', text: '' });
    // After a reconnection, request the current image again: the server has lost the request.
    if (!this.newest && this.shown) this.newest = { ...this.shown, time: performance.now() };
    this.flush();
  }

  /** @param {WebSocket} socket @param {Ending} event */
  ended(socket, event) {
    if (this.closed || this.socket !== socket) return;
    this.socket = null;
    for (const flight of this.flights.values()) {
      // Single requests are repeated on the next connection; positions of a drag are stale by then.
      if (flight.question) this.questions.unshift(flight.question);
    }
    this.flights.clear();
    if (event.code === BAD_REQUEST) {
      this.closed = true;
      this.onStatus({ kind: 'refused', text: event.reason || 'The server refused the connection.' });
      return;
    }
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.retry = setTimeout(() => this.connect(), wait);
    this.explain(event);
  }

  /**
   * Report the problem: the server's reason, an unreachable server, or the reason why there is no
   * WebSocket.
   * @param {Ending} event
   */
  async explain({ code, reason }) {
    const unheard = !this.everOpen && this.failures >= 2;
    if (code > BAD_REQUEST && reason) {
      this.onStatus({ kind: 'lost', text: `${reason[0].toUpperCase()}${reason.slice(1)}. Trying again…` });
      return;
    }
    const text = unheard ? await this.why() : null;
    if (unheard && this.everOpen) return;
    if (text) {
      this.onStatus({ kind: 'blocked', text });
    } else if (!this.everOpen && this.failures < 2) {
      this.onStatus({ kind: 'connecting', text: 'Connecting…' });
    } else {
      this.onStatus({ kind: 'lost', text: 'The server is away. Reconnecting…' });
    }
  }

  /** Send as many requests as allowed now. */
  flush() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.flushQuestions();
    if (!this.newest || this.sentThisFrame || this.flying(false) >= this.roundTrip.window) return;
    const { codes, time } = this.newest;
    this.shown = this.newest;
    this.newest = null;
    this.send(DECODE, codes, { time, large: false });
    this.sentThisFrame = true;
    requestAnimationFrame(() => {
      this.sentThisFrame = false;
      this.flush();
    });
  }

  flushQuestions() {
    /** @type {Question[]} */
    const waiting = [];
    for (const question of this.questions) {
      const large = question.op === DECODE && question.codes.length > SMALL_ROWS * this.latentDim;
      // One request is left for the drag.
      if (this.flying(large) >= MAX_IN_FLIGHT - 1) waiting.push(question);
      else this.send(question.op, question.codes, { time: 0, large, question });
    }
    this.questions = waiting;
  }

  /** @param {boolean} large */
  flying(large) {
    let count = 0;
    for (const flight of this.flights.values()) if (flight.large === large) count += 1;
    return count;
  }

  /** @param {number} op @param {Float32Array} values @param {Omit<Flight, 'sent'>} flight */
  send(op, values, flight) {
    const id = this.nextId;
    this.nextId = (this.nextId + 1) >>> 0;
    this.flights.set(id, { sent: performance.now(), ...flight });
    this.socket?.send(request(id, op, values));
  }

  /** @param {ArrayBuffer} body */
  receive(body) {
    const id = idOf(body);
    const flight = this.flights.get(id);
    if (!flight) return;
    this.flights.delete(id);
    this.failures = 0; // only a reply proves that it works: a server may open a connection and then fail
    if (flight.question) {
      flight.question.settle(body);
    } else {
      this.roundTrip.note(performance.now() - flight.sent);
      this.draw(id, flight, body);
    }
    this.flush();
  }

  /** @param {number} id @param {Flight} flight @param {ArrayBuffer} body */
  draw(id, flight, body) {
    if (id < this.lastDrawn) return; // a newer picture is already on the screen
    this.lastDrawn = id;
    for (const [other, { question }] of this.flights) {
      if (other < id && !question) this.flights.delete(other); // older positions are no longer needed
    }
    this.onFrame(pixelsOf(body));
    this.measures.add(flight.time);
  }
}
