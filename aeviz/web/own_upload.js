/** The upload of a person's own images: one streamed body, which can be cancelled. */

/** @typedef {HTMLElement & {tell: (id: string) => void, end: () => void}} Root  survives a rerun */
/** @typedef {{path: string, file: File}} Found  `path` is relative to what was chosen */

const MOST_BYTES = 2 * 2 ** 30; // the server's limit
const MOST_FILES = 100_000;
const AWAY = 'The server could not be reached: try again.';
const UNREADABLE = 'These files cannot be read, or changed since they were chosen: choose them again.';

/**
 * The body of the request (docs/own-images.md): each file follows the lengths of its name and content.
 * @param {Found[]} files
 */
function bodyOf(files) {
  /** @type {BlobPart[]} */
  const parts = [];
  for (const { path, file } of files) {
    const name = new TextEncoder().encode(path).slice(0, 4096);
    const header = new DataView(new ArrayBuffer(12));
    header.setUint32(0, name.length, true);
    header.setBigUint64(4, BigInt(file.size), true);
    parts.push(header.buffer, name, file);
  }
  return new Blob(parts);
}

/** All dropped files; those in folders with their paths. @param {DataTransfer} transfer */
async function dropped(transfer) {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (!entries.length) return [...transfer.files].map((file) => ({ path: file.name, file }));
  /** @type {Found[]} */
  const found = [];
  const walk = async (/** @type {FileSystemEntry} */ entry) => {
    if (found.length >= MOST_FILES) return;
    if (isFile(entry)) {
      /** @type {File} */
      const file = await new Promise((settle, fail) => {
        entry.file(settle, fail);
      });
      found.push({ path: entry.fullPath.replace(/^\//, ''), file });
      return;
    }
    if (!isDirectory(entry)) return;
    const reader = entry.createReader();
    for (;;) {
      /** @type {FileSystemEntry[]} */
      const some = await new Promise((settle, fail) => {
        reader.readEntries(settle, fail);
      });
      if (!some.length) return;
      for (const inner of some) await walk(inner);
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemFileEntry} */
const isFile = (entry) => entry.isFile;

/** @param {FileSystemEntry} entry @returns {entry is FileSystemDirectoryEntry} */
const isDirectory = (entry) => entry.isDirectory;

/** @param {number} bytes */
function size(bytes) {
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} attributes
 * @param {...(Node | string)} children
 */
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  Object.assign(node, attributes);
  node.append(...children);
  return node;
}

/**
 * @param {HTMLElement} root
 * @param {(id: string) => void} tell  called with the id of the upload when it is complete
 * @returns {() => void} cancels an upload
 */
function open(root, tell) {
  /** @type {XMLHttpRequest | null} */
  let request = null;
  const input = element('input', { type: 'file', multiple: true, hidden: true });
  const folder = element('input', { type: 'file', webkitdirectory: true, hidden: true });
  input.dataset.testid = 'aeviz-own-files';
  folder.dataset.testid = 'aeviz-own-folder';
  const choose = element(
    'button',
    { type: 'button', className: 'av-button av-first' },
    'Choose a zip or images',
  );
  const chooseFolder = element('button', { type: 'button', className: 'av-button' }, 'Choose a folder');
  const filled = element('i', {});
  const bar = element('div', { className: 'av-sent' }, filled);
  const said = element('p', { className: 'av-said' });
  said.setAttribute('role', 'status');
  const cancel = element('button', { type: 'button', className: 'av-button' }, 'Cancel');
  const start = element(
    'div',
    { className: 'av-start' },
    element('b', {}, 'Drop a zip, images or folders here'),
    element(
      'span',
      { className: 'av-quiet' },
      'Put the images of each class into a folder of its name. PNG, JPEG, WebP, AVIF, BMP, TIFF or GIF, up to 16 megapixels each.',
    ),
    element('span', { className: 'av-row' }, choose, chooseFolder),
  );
  const going = element('div', { className: 'av-going', hidden: true }, bar, cancel);
  const zone = element('div', { className: 'av-drop' }, start, going, said);
  root.append(zone, input, folder);

  const rest = (sentence = '', wrong = false) => {
    request = null;
    start.hidden = false;
    going.hidden = true;
    said.textContent = sentence;
    said.classList.toggle('av-wrong', wrong);
  };
  /** @param {number} share @param {string} text */
  const show = (share, text) => {
    start.hidden = true;
    going.hidden = false;
    filled.style.width = `${100 * share}%`;
    said.textContent = text;
    said.classList.remove('av-wrong');
  };
  const refused = async (/** @type {{error?: string} | null} */ answer) => {
    const { whyRefused } = await import(new URL('aeviz/static/connection.js', document.baseURI).href);
    rest((await whyRefused()) || answer?.error || AWAY, true);
  };
  const send = (/** @type {Found[]} */ files) => {
    if (request || !files.length) return;
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    if (files.length >= MOST_FILES)
      return rest('These are too many files: put them into a zip, or choose fewer.', true);
    if (total > MOST_BYTES)
      return rest('This is more than 2 GiB: choose fewer images, or smaller ones.', true);
    const body = bodyOf(files);
    const sending = new XMLHttpRequest();
    request = sending;
    sending.upload.onprogress = ({ loaded }) => {
      show(loaded / body.size, `Sending: ${size(loaded)} of ${size(body.size)}`);
    };
    sending.onload = () => {
      /** @type {{id?: string, error?: string} | null} */
      let answer = null;
      try {
        answer = JSON.parse(sending.responseText);
      } catch {
        /* said below */
      }
      if (sending.status === 200 && answer?.id) {
        show(1, 'The upload is complete.');
        tell(answer.id);
      } else if (sending.status === 403) refused(answer);
      else rest(answer?.error ?? AWAY, true);
    };
    sending.onerror = async () => {
      const readable = await files[0].file
        .slice(0, 1)
        .arrayBuffer()
        .then(
          () => true,
          () => false,
        );
      rest(readable ? AWAY : UNREADABLE, true);
    };
    sending.onabort = () => rest('Cancelled; nothing was kept.');
    sending.open('POST', new URL('aeviz/images', document.baseURI).href);
    show(0, 'Sending');
    sending.send(body);
  };

  choose.onclick = () => input.click();
  chooseFolder.onclick = () => folder.click();
  cancel.onclick = () => request?.abort();
  for (const one of [input, folder]) {
    one.onchange = () => {
      send([...(one.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
      one.value = ''; // so that the same files can be chosen again
    };
  }
  zone.ondragover = (event) => {
    event.preventDefault();
    zone.dataset.over = '';
  };
  zone.ondragleave = () => {
    delete zone.dataset.over;
  };
  zone.ondrop = async (event) => {
    event.preventDefault();
    delete zone.dataset.over;
    try {
      if (event.dataTransfer) send(await dropped(event.dataTransfer));
    } catch {
      rest(UNREADABLE, true);
    }
  };
  return () => request?.abort();
}

/** @param {import('./static/types.js').Component<null>} component */
export default ({ parentElement, setTriggerValue }) => {
  /** @type {Root | null} */
  let root = parentElement.querySelector(':scope > .av');
  if (!root) {
    const made = Object.assign(document.createElement('div'), {
      className: 'av',
      tell: (/** @type {string} */ _id) => {},
      end: () => {},
    });
    parentElement.append(made);
    made.end = open(made, (id) => made.tell(id));
    root = made;
  }
  root.tell = (id) => setTriggerValue('sent', id);
  return () => root.end();
};
