// When something is wrong the page says what, and what to do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, profile, serve } from './browser.js';
import { run, succeed, visit } from './page.js';

let web, home, browser, page;

before(async () => {
  web = await serve(undefined, (name, content) => (name.startsWith('worker-') ? Buffer.concat([Buffer.from(breakable), content]) : content));
  home = profile();
  browser = await open(home.dir);
  page = browser.pages()[0];
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
});

// A page's own worker is within a test's reach, a shared one is not.
const query = '?speed=once&worker=dedicated';

/** Goes before the worker's script: the engine takes the browser's functions as it finds them when it starts. */
const breakable = `for (const method of ['add', 'put']) {
  const real = IDBObjectStore.prototype[method];
  IDBObjectStore.prototype[method] = function (...args) {
    if (globalThis.refuses) throw new DOMException('refused by the test', globalThis.refuses);
    return real.apply(this, args);
  };
}
`;

/** Has the browser refuse what the engine writes, as it does where the disk is full or broken. */
const refuseWrites = (page, name) => page.workers()[0].evaluate((why) => void (globalThis.refuses = why), name);

test('a full disk: nothing more is answered, and what was answered stays', { timeout: 120_000 }, async () => {
  await visit(page, web.url, query);
  await succeed(page, 'kubectl create configmap kept --from-literal=a=b');
  await refuseWrites(page, 'QuotaExceededError');
  const { text, exit } = await run(page, 'kubectl create configmap lost --from-literal=a=b');
  assert.notEqual(exit, 0, text);
  assert.match(text, /^error: /);
  await page.getByRole('heading', { name: 'The disk is full' }).waitFor();
  const more = await run(page, 'kubectl create configmap another --from-literal=a=b');
  assert.notEqual(more.exit, 0);
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.waitForSelector('.notice', { state: 'detached' });
  assert.equal(await succeed(page, 'kubectl get configmap kept -o name'), 'configmap/kept\n');
  assert.equal((await run(page, 'kubectl get configmap lost')).text, 'Error from server (NotFound): configmaps "lost" not found\n');
});

test('a database that fails', { timeout: 60_000 }, async () => {
  await visit(page, web.url, query);
  await refuseWrites(page, 'UnknownError');
  const { text, exit } = await run(page, 'kubectl create configmap lost --from-literal=a=b');
  assert.notEqual(exit, 0, text);
  await page.getByRole('heading', { name: 'Nothing can be saved any more' }).waitFor();
});

test('an engine that cannot be fetched', { timeout: 30_000 }, async () => {
  await page.route('**/*.gz', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(`${web.url}?lang=zh-cn&worker=dedicated`);
  await page.getByRole('heading', { name: '控制平面已停止' }).waitFor();
  assert.match(await page.locator('.notice code').innerText(), /404/);
  await page.unroute('**/*.gz');
});

test('a host that has unpacked the engine on the way', { timeout: 60_000 }, async () => {
  const { gunzipSync } = await import('node:zlib');
  await page.route('**/*.gz', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: gunzipSync(await response.body()), headers: { 'content-type': 'application/wasm' } });
  });
  await visit(page, web.url, `${query}&lang=en`);
  await succeed(page, 'kubectl get nodes');
  await page.unroute('**/*.gz');
});

test('no request goes to anyone else', { timeout: 60_000 }, async () => {
  const asked = new Set();
  page.on('request', (request) => asked.add(new URL(request.url()).origin));
  await visit(page, web.url, query);
  await succeed(page, 'kubectl get pods');
  assert.deepEqual([...asked], [new URL(web.url).origin]);
});
