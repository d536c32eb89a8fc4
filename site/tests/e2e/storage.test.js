// What the browser keeps: clusters by name, files that leave and enter.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { open, profile, serve } from './browser.js';
import { complaints } from './look.js';
import { ready, run, running, succeed, visit } from './page.js';

let web, home, browser, page, file;

before(async () => {
  web = await serve();
  home = profile();
  browser = await open(home.dir, { acceptDownloads: true });
  page = browser.pages()[0];
  await visit(page, web.url);
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
});

const dialog = () => page.locator('dialog.storage');
const openStorage = () => page.getByRole('button', { name: /^(Storage|存储)$/ }).click();

async function take(path, name) {
  await dialog().locator('input[type=file]').setInputFiles(path);
  await dialog().getByLabel('Import as cluster').fill(name);
  await dialog().getByRole('button', { name: 'Import', exact: true }).click();
}

test('a cluster leaves as a file and comes back under another name', { timeout: 120_000 }, async () => {
  await succeed(page, 'kubectl create deployment web --image=nginx --replicas=2');
  await running(page, 2);
  const pods = await succeed(page, 'kubectl get pods -o name');
  await openStorage();
  await dialog().getByText('can be looked at').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog().getByRole('button', { name: 'Export as a file' }).click(),
  ]);
  file = join(home.dir, 'exported.tabernetes');
  await download.saveAs(file);
  await take(file, 'copy');
  await page.waitForURL(/cluster=copy/);
  await ready(page);
  await running(page, 2);
  assert.equal(await succeed(page, 'kubectl get pods -o name'), pods);
  await succeed(page, 'kubectl scale deployment web --replicas=3');
  await running(page, 3);
});

test('clusters are listed, gone to and deleted', { timeout: 60_000 }, async () => {
  await openStorage();
  await dialog().getByRole('link', { name: 'Go to cluster default' }).click();
  await page.waitForURL((url) => !url.search.includes('cluster='));
  await ready(page);
  await running(page, 2); // the copy was scaled, this was not
  await openStorage();
  page.once('dialog', (sure) => sure.accept());
  await dialog().getByRole('button', { name: 'Delete cluster copy' }).click();
  await dialog().getByText('Cluster copy was deleted.').waitFor();
  assert.equal(await dialog().getByRole('link', { name: 'Go to cluster copy' }).count(), 0);
  await dialog().getByLabel('New cluster').fill('Not A Name');
  assert.ok(await dialog().getByRole('button', { name: 'Create' }).isDisabled());
});

test('a file that is damaged, or none of ours, is refused with the reason', { timeout: 60_000 }, async () => {
  const good = readFileSync(file);
  const cases = {
    changed: [Buffer.from(good.map((byte, i) => (i === good.length >> 1 ? byte ^ 1 : byte))), /checksum does not match/],
    short: [good.subarray(0, good.length - 5), /cut short/],
    foreign: [Buffer.from('PK not ours, not ours at all, but some bytes long enough to look at'), /does not start as one/],
  };
  for (const [name, [content, reason]] of Object.entries(cases)) {
    const path = join(home.dir, `${name}.tabernetes`);
    writeFileSync(path, content);
    await take(path, 'refused');
    await dialog().locator('.told[data-what="refused"]').filter({ hasText: reason }).waitFor();
  }
  await dialog().getByRole('button', { name: 'Close' }).click();
  assert.match(await succeed(page, 'kubectl get deployments -o name'), /deployment.apps\/web/);
});

test('the dialog is for everyone: axe, a phone, both languages', { timeout: 60_000 }, async () => {
  for (const lang of ['en', 'zh-cn']) {
    await page.setViewportSize({ width: 360, height: 740 });
    await visit(page, web.url, `?speed=once&lang=${lang}`);
    await openStorage();
    await dialog().locator('section').first().waitFor();
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `storage-${lang}.png`) });
    assert.deepEqual(await complaints(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), lang);
    const wide = (d) => [...d.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > d.getBoundingClientRect().right).map((e) => e.outerHTML.slice(0, 90));
    assert.deepEqual(await dialog().evaluate(wide), [], lang);
    assert.ok(await dialog().evaluate((d) => d.scrollWidth <= d.clientWidth), lang);
  }
});

// Chromium asks for the room that is left at most twice a minute, so the quota is
// set before the first database of this origin is opened.
test('a small quota: nothing more is answered, all is readable and exported, and with room it goes on', { timeout: 240_000 }, async (t) => {
  const own = await serve();
  t.after(() => own.close());
  const tab = await browser.newPage();
  const cdp = await tab.context().newCDPSession(tab);
  const { origin } = new URL(own.url);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 600_000 });
  await visit(tab, own.url, '?speed=once&lang=en&cluster=small');
  await succeed(tab, 'kubectl create configmap kept --from-literal=a=b');
  const big = '0123456789abcdef'.repeat(3000);
  const answered = [];
  let refused;
  for (let i = 0; i < 60 && !refused; i++) {
    const { text, exit } = await run(tab, `kubectl create configmap big-${i} --from-literal=a=${big}${i}`);
    if (exit === 0) answered.push(`configmap/big-${i}`);
    else refused = text;
  }
  assert.match(refused ?? 'nothing was refused', /database space exceeded: QuotaExceededError/);
  assert.ok(answered.length > 2 && answered.length < 25, `${answered.length} answered`);
  await tab.getByRole('heading', { name: 'The disk is full' }).waitFor();
  if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, 'full.png') });
  // Nothing more is taken; what was answered can be read, and leaves as a file.
  const next = await run(tab, 'kubectl create configmap next --from-literal=a=b');
  assert.deepEqual([next.exit, /database space exceeded/.test(next.text)], [1, true], next.text);
  const there = async () => new Set((await succeed(tab, 'kubectl get configmaps -o name')).trim().split('\n'));
  const missing = async () => answered.filter(((found) => (name) => !found.has(name))(await there()));
  assert.deepEqual(await missing(), []);
  const [download] = await Promise.all([
    tab.waitForEvent('download'),
    tab.locator('.notice').getByRole('button', { name: 'Export as a file' }).click(),
  ]);
  assert.ok(readFileSync(await download.path()).length > 1000);
  // Without room it does not go on, with room it does, and all is there after a reload.
  const goOn = () => tab.getByRole('button', { name: 'Drop old history and go on' }).click();
  await goOn();
  await tab.locator('.told[data-what="noRoom"]').waitFor();
  await cdp.send('Storage.overrideQuotaForOrigin', { origin });
  await goOn();
  await tab.waitForSelector('.notice', { state: 'detached' });
  await succeed(tab, 'kubectl create configmap after --from-literal=a=b');
  await tab.reload();
  await ready(tab);
  assert.deepEqual(await missing(), []);
  await succeed(tab, 'kubectl get configmap kept after -o name');
  await tab.close();
});

test('where site data is cleared, the page says so at once, keeps the cluster in memory and exports it', { timeout: 120_000 }, async (t) => {
  const own = await serve();
  t.after(() => own.close());
  const tab = await browser.newPage();
  await visit(tab, own.url, '?speed=once&lang=en');
  await succeed(tab, 'kubectl create configmap kept --from-literal=a=b');
  const cdp = await tab.context().newCDPSession(tab);
  await cdp.send('Storage.clearDataForOrigin', { origin: new URL(own.url).origin, storageTypes: 'all' });
  await tab.getByRole('heading', { name: 'The browser has deleted this cluster' }).waitFor();
  if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, 'gone.png') });
  const { exit, text } = await run(tab, 'kubectl create configmap next --from-literal=a=b');
  assert.deepEqual([exit, /what was kept is gone/.test(text)], [1, true], text);
  assert.equal(await succeed(tab, 'kubectl get configmap kept -o name'), 'configmap/kept\n');
  const [download] = await Promise.all([
    tab.waitForEvent('download'),
    tab.locator('.notice').getByRole('button', { name: 'Export as a file' }).click(),
  ]);
  file = join(home.dir, 'rescued.tabernetes');
  await download.saveAs(file);
  // After a reload there is an empty cluster, into whose browser the file comes back.
  await tab.reload();
  await ready(tab);
  assert.equal((await run(tab, 'kubectl get configmap kept -o name')).exit, 1);
  await tab.getByRole('button', { name: 'Storage' }).click();
  const form = tab.locator('dialog.storage');
  await form.locator('input[type=file]').setInputFiles(file);
  await form.getByLabel('Import as cluster').fill('rescued');
  await form.getByRole('button', { name: 'Import', exact: true }).click();
  await tab.waitForURL(/cluster=rescued/);
  await ready(tab);
  await succeed(tab, 'kubectl get configmap kept -o name');
  await tab.close();
});

test('how much history is kept is chosen, takes effect at once, and is remembered', { timeout: 120_000 }, async (t) => {
  const own = await serve();
  t.after(() => own.close());
  const tab = await browser.newPage();
  await visit(tab, own.url, '?speed=once&lang=en');
  await succeed(tab, 'kubectl create deployment web --image=nginx --replicas=30');
  await running(tab, 30);
  const policy = tab.locator('dialog.storage').getByLabel('Revisions kept');
  const show = async () => {
    await tab.getByRole('button', { name: 'Storage' }).click();
    await policy.waitFor();
    return policy.inputValue();
  };
  const oldest = async () => Number(/revision from (\d+) to/.exec(await tab.locator('dialog.storage').innerText())[1]);
  assert.equal(await show(), '20000');
  assert.equal(await oldest(), 1);
  await policy.selectOption('100');
  await tab.waitForFunction(() => !/from 1 to/.test(document.querySelector('dialog.storage').textContent));
  assert.ok((await oldest()) > 50);
  if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, 'policy.png') });
  await tab.reload();
  await ready(tab);
  assert.equal(await show(), '100');
  await tab.close();
});

test('long lines run, also where localStorage takes nothing more', { timeout: 120_000 }, async (t) => {
  const own = await serve();
  t.after(() => own.close());
  const tab = await browser.newPage();
  await visit(tab, own.url, '?speed=once&lang=en');
  // localStorage takes 5,000,000 characters.
  await tab.evaluate(() => localStorage.setItem('in the way', 'x'.repeat(5_242_800 - 'in the way'.length)));
  const long = 'x'.repeat(60_000);
  for (let i = 0; i < 3; i++) assert.match(await succeed(tab, `kubectl create configmap long-${i} --from-literal=a=${long}`), /created/);
  await tab.close();
});

test('where the browser keeps nothing for the page, the page says so', { timeout: 60_000 }, async (t) => {
  const own = profile();
  const blocks = join(own.dir, 'Default', 'Preferences');
  mkdirSync(join(own.dir, 'Default'));
  writeFileSync(blocks, JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  const strict = await open(own.dir);
  t.after(async () => {
    await strict.close();
    own.remove();
  });
  const tab = strict.pages()[0];
  for (const [lang, words] of [['en', 'This browser keeps nothing for this page'], ['zh-cn', '浏览器不为本页面保存数据']]) {
    await tab.goto(`${web.url}?lang=${lang}`);
    await tab.getByRole('heading', { name: words }).waitFor();
    if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, `blocked-${lang}.png`) });
  }
});
