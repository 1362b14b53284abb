/** A photo server for tests: it accepts uploads at once, and records the page's requests. */

/** Lets all promises settle. */
export async function settled() {
  for (let i = 0; i < 20; i += 1) await new Promise((done) => setImmediate(done));
}

export const TASKS = [
  {
    name: 'denoise',
    title: 'Denoise',
    says: '',
    scale: 1,
    mask: false,
    model: null,
    slider: { label: 'Noise', low: 1, high: 60, unit: 'sigma' },
    damage: { name: 'noise', label: 'Noise', unit: 'sigma', low: 5, high: 75, default: 25 },
    baselines: [{ name: 'median', title: 'Median', says: '' }],
  },
  {
    name: 'x2',
    title: 'Enlarge',
    says: '',
    scale: 2,
    mask: false,
    model: null,
    slider: null,
    damage: { name: 'x2', label: 'Smaller', unit: '', low: null, high: null, default: null },
    baselines: [],
  },
  {
    name: 'inpaint',
    title: 'Fill',
    says: '',
    scale: 1,
    mask: true,
    model: null,
    slider: null,
    damage: null,
    baselines: [],
  },
];

export class PhotoServer {
  constructor({ tasks = TASKS, samples = [] } = {}) {
    this.lists = { tasks, samples };
    /** The HTTP requests: "METHOD path?query". @type {string[]} */
    this.requests = [];
    /** Uploads under way; `answer` them. */
    this.uploads = [];
    this.sockets = [];
    this.away = false;
    this.photos = 0;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** The messages that the page sent over its sockets. */
  get orders() {
    return this.sockets.flatMap(({ sent }) => sent);
  }

  /** Install this server in the browser's globals. */
  install() {
    const server = this;
    globalThis.document = { baseURI: 'http://host/app/' };
    globalThis.location = { origin: 'http://host', host: 'host', protocol: 'http:' };
    globalThis.createImageBitmap = async () => ({ width: 4, height: 4, close() {} });
    globalThis.OffscreenCanvas = Canvas;
    globalThis.fetch = async (url, { method = 'GET' } = {}) => server.fetch(method, String(url));
    globalThis.XMLHttpRequest = class extends Upload {
      constructor() {
        super(server);
      }
    };
    globalThis.WebSocket = class extends Socket {
      constructor(url) {
        super(url);
        server.sockets.push(this);
      }
    };
    globalThis.WebSocket.OPEN = 1;
  }

  note(method, url) {
    const path = url.replace('http://host/app/aeviz/darkroom/', '');
    this.requests.push(`${method} ${path}`);
    return path;
  }

  fetch(method, url) {
    if (this.away) throw new TypeError('fetch failed');
    const path = this.note(method, url);
    return path in this.lists ? Response.json(this.lists[path]) : new Response('{}');
  }

  /** Answers the uploads that are under way, in the order they came. */
  async take() {
    for (const upload of this.uploads.splice(0)) upload.arrive();
    await settled();
  }
}

class Upload {
  constructor(server) {
    this.server = server;
    this.upload = {};
    this.status = 0;
    this.responseText = '';
  }

  open(method, url) {
    this.path = this.server.note(method, url);
  }

  send() {
    this.server.uploads.push(this);
  }

  abort() {
    this.onabort();
  }

  arrive() {
    this.server.photos += 1;
    const query = new URLSearchParams(this.path.split('?')[1]);
    this.answer(200, {
      id: `photo${this.server.photos}`,
      name: query.get('name'),
      width: 4,
      height: 4,
      channels: 3,
      depth: 8,
      alpha: false,
      notes: [],
      range: 1,
      narrow: false,
      sigma: 10,
      reference: false,
      mask: false,
    });
  }

  answer(status, said) {
    this.status = status;
    this.responseText = JSON.stringify(said);
    this.onload();
  }
}

class Socket {
  constructor(url) {
    this.url = url;
    this.readyState = 0;
    this.sent = [];
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  async open() {
    this.readyState = 1;
    this.onopen();
    await settled();
  }

  async break() {
    this.readyState = 3;
    this.onclose({ reason: '' });
    await settled();
  }

  async say(message) {
    this.onmessage({ data: JSON.stringify(message) });
    await settled();
  }

  async finish(job, result = `result${job}`) {
    const figures = { width: 4, height: 4, seconds: 1, scores: null, notes: [], skipped: 0 };
    await this.say({ job, state: 'done', result, ...figures });
  }
}

class Canvas {
  constructor(width, height) {
    Object.assign(this, { width, height });
  }

  getContext() {
    return { clearRect() {}, drawImage() {} };
  }

  async convertToBlob() {
    return new Blob();
  }
}
