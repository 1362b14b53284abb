import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../aeviz/', import.meta.url);
const files = readdirSync(ROOT, { recursive: true }).map(String);
const read = (name) => readFileSync(new URL(name, ROOT), 'utf8');
const styles = files.filter((name) => name.endsWith('.css'));
const code = files
  .filter((name) => /\.(js|py)$/.test(name))
  .map(read)
  .join('\n');

test('every custom property of the styles is set somewhere', () => {
  const set = new Set(
    styles
      .flatMap((name) => [...read(name).matchAll(/(?<=[{;\s])(--[\w-]+):/g)])
      .map(([, property]) => property),
  );
  for (const name of styles) {
    for (const [, property] of read(name).matchAll(/var\((--[\w-]+)/g)) {
      if (property.startsWith('--st-')) continue; // of Streamlit's theme
      assert.ok(set.has(property) || code.includes(property), `${name}: nothing sets ${property}`);
    }
  }
});

test('the tokens are set in one file, and each is used', () => {
  const tokens = [...read('web/styles/tokens.css').matchAll(/^ +(--[\w-]+):/gm)].map(
    ([, property]) => property,
  );
  const all = styles.map(read).join('\n');
  for (const token of tokens) {
    assert.equal(all.split(`${token}:`).length, 2, `${token} is set twice`);
    assert.ok(all.includes(`var(${token})`), `${token} is used nowhere`);
  }
});

test('a file of styles has one subject', () => {
  for (const name of styles) assert.ok(read(name).split('\n').length <= 250, `${name} is long`);
});
