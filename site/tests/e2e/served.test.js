// The page of `tabernetes serve` shows the cluster that real clients use: what
// comes in over its API lights up the map, and what is typed on the page is
// seen by the clients.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { open, profile } from './browser.js';
import { ready, running, succeed } from './page.js';
import { startServe, workshop } from './served.js';

const deployments = '/apis/apps/v1/namespaces/default/deployments';

const deployment = (name, replicas) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

describe('the page of a server', () => {
  let shop, server, browser, tab;
  const home = profile();

  before(async () => {
    shop = workshop();
    server = await startServe(shop);
    browser = await open(home.dir);
    tab = await browser.newPage();
    await tab.goto(server.page);
    await ready(tab);
  });
  after(async () => {
    await browser?.close();
    await server?.end();
    home.remove();
    shop?.remove();
  });

  test('the token leaves the address', () => {
    assert.equal(new URL(tab.url()).hash, '');
  });

  test('what a client creates lights up the map', { timeout: 60_000 }, async () => {
    const created = await server.ask('POST', deployments, deployment('web', 2));
    assert.equal(created.code, 201);
    await running(tab, 2);
    for (const n of [1, 3, 5, 7, 10]) await tab.locator(`[data-step="${n}"]:not([data-state="ahead"])`).first().waitFor();
    await tab.locator('.entry', { hasText: 'You created Deployment web' }).waitFor({ state: 'attached' });
  });

  test('what is typed on the page is seen by clients', { timeout: 60_000 }, async () => {
    await succeed(tab, 'kubectl scale deployment web --replicas=3');
    await running(tab, 3);
    const got = await server.ask('GET', `${deployments}/web`);
    assert.equal(got.body.spec.replicas, 3);
  });

  test('a second tab shows the same', { timeout: 60_000 }, async () => {
    const second = await browser.newPage();
    await second.goto(server.page);
    await running(second, 3);
    await succeed(second, 'kubectl delete deployment web');
    await running(tab, 0);
    await second.close();
  });

  test('a tab without the token is told what to do', { timeout: 60_000 }, async () => {
    const stranger = await browser.newPage();
    await stranger.goto(new URL('/', server.page).href);
    const notice = await stranger.locator('.notice').innerText();
    assert.match(notice, /open the address that `tabernetes serve` has printed/);
    await stranger.close();
  });

  test('a server that ends and starts again is found again', { timeout: 60_000 }, async () => {
    await server.ask('POST', deployments, deployment('again', 1));
    await running(tab, 1);
    await server.end();
    await tab.waitForSelector('.status[data-phase="start"]');
    server = await startServe(shop, server.ports);
    await ready(tab);
    await running(tab, 1);
  });
});
