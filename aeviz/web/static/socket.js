/**
 * The client's end of the live protocol (docs/live-protocol.md): one WebSocket per model.
 *
 * A drag calls `move` as often as it likes; the newest position goes out once per animation frame,
 * with as many requests in flight as the round trip needs. One-off questions use `ask`.
 */

const HEADER = 8;
const BAD_REQUEST = 4400; // the one close code after which trying again is of no use
const DECODE = 0;
const ENCODE = 1;
/** Requests of a kind; the server reads twice as many ahead (docs/live-protocol.md). */
const MAX_IN_FLIGHT = 4;
/** Requests of more codes than this are computed apart from drags, in slices. */
const SMALL_ROWS = 16;
const FRAME_MS = 1000 / 60;
/** How fast the quickest round trip seen is forgotten, for a network that has become slower. */
const FORGOTTEN_MS = 0.02;
const RETRY_MS = [250, 500, 1000, 2000, 4000];
const MEASURE = 'aeviz.decode';
const KEPT_MEASURES = 4000;
const PAUSE_MS = 1000;

/**
 * @typedef {{kind: 'connecting' | 'open' | 'lost' | 'blocked' | 'refused', text: string}} Status
 * @typedef {{op: number, codes: Float32Array, settle: (body: ArrayBuffer) => void}} Question
 * @typedef {{sent: number, time: number, large: boolean, question?: Question}} Flight
 */

export class LiveClient {
  /**
   * @param {string} url  ws:// or wss:// address of the model's live route
   * @param {{latentDim: number, onFrame?: (pixels: Uint8Array) => void,
   *   onStatus?: (status: Status) => void, why?: () => Promise<string | null>,
   *   dial?: () => WebSocket}} options
   *   `onFrame` draws H * W * C values; `why` says what lets HTTP through and no WebSocket, or null
   *   where the server is away; `dial` opens the socket.
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
    this.roundTrip = FRAME_MS / 2;
    this.leastTrip = 1000;
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
    this.measures = 0;
    this.lastMove = 0;
    this.failures = 0;
    this.everOpen = false;
    this.closed = false;
    this.connect();
  }

  /**
   * How many drag requests to keep in flight: enough to send one each frame, but only one more than
   * the network alone asks for. Where a busy server takes long, more requests would only wait there.
   */
  get window() {
    const [needed, idle] = [this.roundTrip, this.leastTrip].map((ms) => Math.ceil(ms / FRAME_MS));
    return Math.max(1, Math.min(MAX_IN_FLIGHT, needed, idle + 1));
  }

  /**
   * Show this code as soon as possible; a later call replaces one that is still waiting.
   * @param {ArrayLike<number>} code
   * @param {number} time  timeStamp of the input event behind it
   */
  move(code, time = performance.now()) {
    this.newest = { codes: Float32Array.from(code), time };
    this.trimMeasures();
    this.flush();
  }

  /**
   * Decode k codes once.
   * @param {Float32Array} codes  k * latentDim values
   * @returns {Promise<Uint8Array>} k * H * W * C pixels
   */
  async decode(codes) {
    return new Uint8Array(await this.ask(DECODE, codes), HEADER);
  }

  /**
   * Encode one image and decode its code.
   * @param {Float32Array} image  H * W * C values in [0, 1]
   * @returns {Promise<{code: Float32Array, pixels: Uint8Array}>}
   */
  async encode(image) {
    const body = await this.ask(ENCODE, image);
    return {
      code: new Float32Array(body, HEADER, this.latentDim),
      pixels: new Uint8Array(body, HEADER + 4 * this.latentDim),
    };
  }

  /** Close for good. */
  close() {
    this.closed = true;
    clearTimeout(this.retry);
    this.socket?.close();
  }

  /** @returns {Promise<ArrayBuffer>} */
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
    // A connection that the browser itself forbids ends with an error, and no close follows.
    socket.onerror = () => this.ended(socket, { code: 1006, reason: '' });
    if (socket.readyState === WebSocket.OPEN) this.opened();
  }

  opened() {
    this.everOpen = true;
    this.onStatus({ kind: 'open', text: '' });
    // After a restart the picture is asked for again: the server has forgotten.
    if (!this.newest && this.shown) this.newest = { ...this.shown, time: performance.now() };
    this.flush();
  }

  /**
   * @param {WebSocket} socket
   * @param {{code: number, reason: string}} event
   */
  ended(socket, event) {
    if (this.closed || this.socket !== socket) return;
    this.socket = null;
    this.lost(event);
  }

  /** @param {{code: number, reason: string}} event */
  lost(event) {
    for (const flight of this.flights.values()) {
      // Questions are asked again on the next connection; positions of a drag are stale by then.
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
   * Say what is wrong: what the server gives as its reason, a server that is gone, or what lets no
   * WebSocket through.
   * @param {{code: number, reason: string}} event
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

  /** Send what may be sent now. */
  flush() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.flushQuestions();
    if (!this.newest || this.sentThisFrame || this.flying(false) >= this.window) return;
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
    const waiting = [];
    for (const question of this.questions) {
      const large = question.op === DECODE && question.codes.length > SMALL_ROWS * this.latentDim;
      // One place is left free for the drag.
      if (this.flying(large) >= MAX_IN_FLIGHT - 1) waiting.push(question);
      else this.send(question.op, question.codes, { time: 0, large, question });
    }
    this.questions = waiting;
  }

  flying(large) {
    let count = 0;
    for (const flight of this.flights.values()) if (flight.large === large) count += 1;
    return count;
  }

  send(op, values, flight) {
    const id = this.nextId;
    this.nextId = (this.nextId + 1) >>> 0;
    const message = new ArrayBuffer(HEADER + 4 * values.length);
    const head = new DataView(message);
    head.setUint32(0, id, true);
    head.setUint8(4, op);
    new Float32Array(message, HEADER).set(values);
    this.flights.set(id, { sent: performance.now(), ...flight });
    this.socket.send(message);
  }

  /** @param {ArrayBuffer} body */
  receive(body) {
    const id = new DataView(body).getUint32(0, true);
    const flight = this.flights.get(id);
    if (!flight) return;
    this.flights.delete(id);
    this.failures = 0; // only an answer tells that all is well: a server may open and then fail
    if (flight.question) {
      flight.question.settle(body);
    } else {
      const took = performance.now() - flight.sent;
      this.roundTrip += 0.15 * (took - this.roundTrip);
      this.leastTrip = Math.min(took, this.leastTrip + FORGOTTEN_MS);
      this.draw(id, flight, body);
    }
    this.flush();
  }

  draw(id, flight, body) {
    if (id < this.lastDrawn) return; // a newer picture is already on the screen
    this.lastDrawn = id;
    for (const [other, { question }] of this.flights) {
      if (other < id && !question) this.flights.delete(other); // older positions: no longer wanted
    }
    this.onFrame(new Uint8Array(body, HEADER));
    performance.measure(MEASURE, { start: flight.time, end: performance.now() });
    this.measures += 1;
  }

  /** Keep the browser's list of measures bounded; only in a pause, so that a drag stays whole. */
  trimMeasures() {
    const now = performance.now();
    const paused = now - this.lastMove > PAUSE_MS;
    this.lastMove = now;
    if ((paused && this.measures > KEPT_MEASURES) || this.measures > 5 * KEPT_MEASURES) {
      performance.clearMeasures(MEASURE);
      this.measures = 0;
    }
  }
}
