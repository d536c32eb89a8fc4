// The store beside a raw IndexedDB loop written by hand, in one worker of
// Chromium, one after the other: `make bench`. The store's side is its own Go
// benchmarks (core/store/indexeddb), built for the browser. Run it on a machine
// that has nothing else to do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open, profile } from '../e2e/browser.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const go = (...args) =>
  execFileSync('go', args, { cwd: root, encoding: 'utf8', env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' } }).trim();

/** Runs in the worker: the raw loops, each the best that IndexedDB gives for the job. */
const raw = `
async function raw(name) {
  const db = await new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('log');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let key = 0;
  const put = (value) => new Promise((resolve, reject) => {
    const tx = db.transaction('log', 'readwrite', { durability: 'relaxed' });
    tx.objectStore('log').add(value, ++key);
    tx.commit();
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error);
  });
  // As many pods of 800 bytes, each with its key, as one packed record holds.
  const encoder = new TextEncoder();
  let pods = 0;
  const packed = (n) => {
    const bytes = new Uint8Array(n * 950), value = new Uint8Array(800);
    for (let i = 0; i < n; i++) {
      encoder.encodeInto('/registry/pods/default/web-7887448d46-' + ++pods, bytes.subarray(i * 950));
      bytes.set(value, i * 950 + 150);
    }
    return bytes;
  };
  for (let i = 0; i < 200; i++) await put(packed(1));
  const single = [];
  for (let i = 0; i < 2000; i++) {
    const start = performance.now();
    await put(packed(1));
    single.push(performance.now() - start);
  }
  const start = performance.now();
  for (let round = 0; round < 5; round++) for (let i = 0; i < 20; i++) await put(packed(500));
  const bulk = 50_000 / ((performance.now() - start) / 1000);
  db.close();
  return { mean: single.reduce((a, b) => a + b) / single.length, p50: single.sort((a, b) => a - b)[1000], bulk };
}`;

const worker = `
importScripts('wasm_exec.js');
${raw}
async function benchmarks() {
  let printed = '';
  const decoder = new TextDecoder();
  globalThis.fs.writeSync = (fd, bytes) => { printed += decoder.decode(bytes); return bytes.length; };
  const go = new Go();
  go.argv = ['bench', '-test.run=^$', '-test.bench=Commit/(1|10_000|10000)$|Open', '-test.benchtime=1s'];
  const { instance } = await WebAssembly.instantiateStreaming(fetch('bench.wasm'), go.importObject);
  await go.run(instance);
  return printed;
}
(async () => {
  const before = await raw('before');
  const store = await benchmarks();
  const after = await raw('after');
  postMessage({ before, store, after });
})().catch((err) => postMessage({ error: String(err) }));
`;

let web, home, browser, page, url, dir;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tabernetes-bench-'));
  const wasm = join(dir, 'bench.wasm');
  go('test', '-c', '-o', wasm, './core/store/indexeddb');
  const files = {
    '/': ['text/html', '<!doctype html><title>bench</title>'],
    '/worker.js': ['text/javascript', worker],
    '/wasm_exec.js': ['text/javascript', readFileSync(join(go('env', 'GOROOT'), 'lib/wasm/wasm_exec.js'))],
    '/bench.wasm': ['application/wasm', readFileSync(wasm)],
  };
  web = createServer((request, response) => {
    const [type, content] = files[request.url] ?? [];
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' });
    response.end(content ?? '');
  });
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${web.address().port}/`;
  home = profile();
  browser = await open(home.dir);
  page = browser.pages()[0];
});

after(async () => {
  await browser?.close();
  web?.close();
  home?.remove();
  if (dir) rmSync(dir, { recursive: true });
});

/** Milliseconds of one round of a Go benchmark. */
function took(printed, name) {
  const line = printed.split('\n').find((l) => l.startsWith(`Benchmark${name}`));
  assert.ok(line, `no ${name} in:\n${printed}`);
  return Number(/([\d.]+) ns\/op/.exec(line)[1]) / 1e6;
}

test('answered writes, bulk and opening, beside raw IndexedDB', { timeout: 300_000 }, async () => {
  await page.goto(url);
  const { before: first, after: second, store, error } = await page.evaluate(
    () => new Promise((resolve) => (new Worker('worker.js').onmessage = ({ data }) => resolve(data))),
  );
  assert.equal(error, undefined);
  const single = took(store, 'Commit/1');
  const bulk = 10_000 / (took(store, 'Commit/10000') / 1000);
  const opened = [took(store, 'Open/compacted-false'), took(store, 'Open/compacted-true')];
  const rawSingle = (first.mean + second.mean) / 2;
  const rawBulk = (first.bulk + second.bulk) / 2;
  const rows = [
    ['', 'store', 'raw IndexedDB', 'ratio', 'promised'],
    ['one answered write, ms (mean)', single.toFixed(2), rawSingle.toFixed(2), (single / rawSingle).toFixed(2), 'at most 1.5'],
    ['bulk, writes/s', bulk.toFixed(0), rawBulk.toFixed(0), (bulk / rawBulk).toFixed(2), 'at least 0.6'],
    ['opening 10,000 pods, ms', opened[0].toFixed(0), '', '', 'under 1000'],
    ['the same from a snapshot, ms', opened[1].toFixed(0), '', '', 'under 1000'],
  ];
  console.log(rows.map((row) => `    | ${row.map((cell, i) => (i ? cell.padStart(13) : cell.padEnd(30))).join(' | ')} |`).join('\n'));
  assert.ok(single / rawSingle <= 1.5, 'a single write takes too long');
  assert.ok(bulk / rawBulk >= 0.6, 'bulk is too slow');
  assert.ok(Math.max(...opened) < 1000, 'opening takes too long');
});
