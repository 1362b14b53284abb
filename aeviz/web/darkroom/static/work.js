/** The socket over which photos are restored: it reconnects automatically. */

import { whyNoSocket } from '../../static/connection.js';
import { socketAddress } from './api.js';

const RETRY_MS = [250, 500, 1000, 2000, 4000];
const HEADER = 20;
const AWAY = 'The server cannot be reached. Reconnecting; your photos stay here.';

/**
 * The page's messages, and the server's messages about each job (docs/photo-protocol.md).
 *
 * @typedef {{do: 'restore', job: number, photo: string, task: string, method: string,
 *   sigma: number | null, first?: true} | {do: 'stop', job: number}} Order
 * @typedef {{result: string, width: number, height: number, seconds: number,
 *   scores: import('./photos.js').Score | null, notes: string[], skipped: number}} Result
 * @typedef {{job: number} & ({state: 'waiting', ahead: number}
 *   | {state: 'working', done: number, total: number, seconds_left: number | null}
 *   | {state: 'done'} & Result
 *   | {state: 'stopped'}
 *   | {state: 'failed', error: string, gone: boolean})} Message
 * @typedef {{x: number, y: number, image: Blob}} Tile
 * @typedef {{kind: 'connecting' | 'open' | 'lost', text: string}} Status
 */
export class Work {
  /**
   * @param {{onOpen: () => void, onLost: () => void, onMessage: (message: Message) => void,
   *   onTile: (job: number, tile: Tile) => void,
   *   onStatus: (status: Status) => void}} listener
   */
  constructor(listener) {
    this.listener = listener;
    this.failures = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.everOpen = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Connect, unless it is open or opening. */
  connect() {
    clearTimeout(this.retry);
    if (this.socket) return;
    const socket = new WebSocket(socketAddress());
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.everOpen = true;
      this.listener.onStatus({ kind: 'open', text: '' });
      this.listener.onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.listener.onMessage(JSON.parse(data));
      else this.tile(data);
    };
    socket.onclose = (event) => this.lost(event);
  }

  /** @param {ArrayBuffer} data */
  tile(data) {
    const head = new DataView(data);
    const [job, x, y] = [0, 4, 8].map((at) => head.getUint32(at, true));
    this.listener.onTile(job, { x, y, image: new Blob([new Uint8Array(data, HEADER)]) });
  }

  /** @param {CloseEvent} event */
  lost({ reason }) {
    this.socket = null;
    this.listener.onLost();
    this.failures += 1;
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1];
    this.retry = setTimeout(() => this.connect(), wait);
    if (reason) this.listener.onStatus({ kind: 'lost', text: `${reason} Trying again…` });
    else if (this.failures > 1) this.explain();
  }

  /** Report whether the server is unreachable, or only WebSockets are blocked. */
  async explain() {
    const why = this.everOpen ? null : await whyNoSocket();
    if (!this.open) this.listener.onStatus({ kind: 'lost', text: why ?? AWAY });
  }

  /** Only while it is open. @param {Order} order */
  send(order) {
    this.socket?.send(JSON.stringify(order));
  }
}
