// The page elsewhere than on its own host: with no network, behind a link, in
// somebody else's page.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { closed, open, profile, serve } from './browser.js';
import { ready, run, running, succeed, visit } from './page.js';

let home, browser;
const shots = process.env.SHOTS;
const shoot = (page, name) => shots && page.screenshot({ path: join(shots, `${name}.png`) });

before(async () => {
  home = profile();
  browser = await open(home.dir, { serviceWorkers: 'allow' });
});
after(async () => {
  await browser.close();
  home.remove();
});

/** Waits until the page is kept for offline. */
async function kept(page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
}

test('after a first visit it works with no network, and an update waits to be asked for', async (t) => {
  let version = 1;
  const web = await serve('/kept/', (name, content) =>
    name === 'sw.js' && version > 1 ? Buffer.from(`${content}\n// another version\n`.replace(/tabernetes ?`/, 'tabernetes new `')) : content,
  );
  t.after(() => web.close());
  const page = await browser.newPage();
  await visit(page, web.url);
  await succeed(page, 'kubectl create deployment web --image=nginx');
  await kept(page);
  version = 2;
  await page.reload();
  await ready(page);
  const notice = page.getByRole('heading', { name: 'A newer version of this page is here' });
  await notice.waitFor();
  await shoot(page, 'update');
  await succeed(page, 'kubectl get deployment web');
  await page.getByRole('button', { name: 'Use it now' }).click();
  await notice.waitFor({ state: 'detached' });
  await ready(page);

  await web.close();
  await page.reload();
  await ready(page);
  assert.match(await succeed(page, 'kubectl scale deployment web --replicas=2'), /scaled/);
  await running(page, 2);
  await page.goto(`${web.url}?cluster=another&speed=once`);
  await ready(page);
  await page.close();
});

test('a link holds the whole session', async (t) => {
  const web = await serve();
  t.after(web.close);
  const page = await browser.newPage();
  await visit(page, web.url, '?cluster=sharing&speed=once');
  await succeed(page, 'kubectl create deployment web --image=nginx');
  await succeed(page, 'kubectl scale deployment web --replicas=3');
  await running(page, 3);
  await page.getByRole('button', { name: 'Share …' }).click();
  const link = await page.getByLabel('Link').inputValue();
  await shoot(page, 'share');
  assert.match(link, /#session=/);
  await page.getByRole('button', { name: 'Close' }).click();
  const names = (p) => p.locator('.pod').evaluateAll((pods) => pods.map((pod) => pod.textContent).sort());
  const want = await names(page);

  const other = await browser.newPage();
  await other.goto(link);
  await ready(other);
  await running(other, 3);
  assert.deepEqual(await names(other), want);
  assert.deepEqual(await other.locator('.block .typed').allTextContents(), [
    'kubectl create deployment web --image=nginx',
    'kubectl scale deployment web --replicas=3',
  ]);
  await shoot(other, 'shared');
  await succeed(other, 'kubectl delete deployment web');
  assert.match(await succeed(page, 'kubectl get deployments'), /web/, 'the one who shared it loses nothing');

  await other.getByRole('button', { name: 'Keep it …' }).click();
  await other.getByLabel('Import as cluster').fill('kept');
  await other.getByRole('button', { name: 'Keep', exact: true }).click();
  await other.waitForURL(/cluster=kept/);
  await ready(other);
  assert.match((await run(other, 'kubectl get events')).text, /Scaled up replica set/);
  await other.close();

  // What was on disk before is shared as it is.
  await page.reload();
  await ready(page);
  await page.getByRole('button', { name: 'Share …' }).click();
  const whole = await page.getByLabel('Link').inputValue();
  assert.match(whole, /#cluster=/);
  await page.goto(whole);
  await page.waitForURL(/#cluster=/);
  await ready(page);
  await running(page, 3);

  await page.goto(link.slice(0, -40));
  await page.getByRole('heading', { name: 'This link cannot be played again' }).waitFor();
  await shoot(page, 'damaged');
  await page.close();
});

test('it lives in another site’s page, which talks with it', async (t) => {
  const web = await serve();
  t.after(web.close);
  const tutorial = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>A tutorial</title><h1>Deployments</h1>
      <script src="${web.url}embed.js" data-start="kubectl create deployment web --image=nginx" data-layout="map console"
        data-lang="zh-cn" data-speed="once" data-nodes="2"></script>
      <div id="second"></div>`);
  });
  t.after(() => closed(tutorial));
  await new Promise((resolve) => tutorial.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  await page.goto(`http://localhost:${tutorial.address().port}/`);
  const first = page.frameLocator('iframe').first();
  await first.locator('.pod[data-look="running"]').waitFor({ timeout: 60_000 });
  assert.equal(await first.locator('.pod').count(), 1);
  assert.equal(await first.locator('html').getAttribute('lang'), 'zh-CN');
  assert.deepEqual(await first.locator('.views > .panel:visible').evaluateAll((all) => all.map((el) => el.classList[1])), ['map', 'console']);
  assert.equal(await first.getByRole('button', { name: '分享……' }).count(), 0);

  const told = await page.evaluate(async () => {
    const tab = Tabernetes.embed(document.querySelector('#second'), { start: ['kubectl create deployment api --image=nginx'], speed: 'once', lang: 'en' });
    const writers = new Set();
    await tab.ready;
    tab.on('write', ({ entry }) => writers.add(entry.actor));
    const scaled = await tab.run('kubectl scale deployment api --replicas=2');
    const wrong = await tab.run('kubectl scale deployment web --replicas=2');
    await tab.run('kubectl rollout status deployment api');
    return { scaled, wrong, writers: [...writers] };
  });
  assert.deepEqual(told.scaled, { exit: 0, output: 'deployment.apps/api scaled\n' });
  assert.equal(told.wrong.exit, 1);
  assert.match(told.wrong.output, /"web" not found/);
  assert.ok(told.writers.includes('deployment-controller') && told.writers.includes('kubectl'), `${told.writers}`);
  await page.setViewportSize({ width: 1024, height: 1300 });
  const wide = () => page.frameLocator('iframe').nth(1).locator('.views').evaluate((el) => el.scrollWidth <= innerWidth);
  while (!(await wide())) await page.waitForTimeout(50);
  const low = await first.getByRole('textbox').evaluate((el) => el.getBoundingClientRect().bottom <= innerHeight);
  assert.ok(low, 'map and console share the little height there is');
  await shoot(page, 'embedded');
  await page.close();

  // The reader's own cluster on that host is another.
  const own = await browser.newPage();
  await visit(own, web.url);
  assert.match((await run(own, 'kubectl get deployments')).text, /No resources found/);
  await own.close();
});
