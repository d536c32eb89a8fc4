// The tab's promises, measured: `make bench`. Run it on a machine that has
// nothing else to do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, profile, serve } from '../e2e/browser.js';
import { medianFirstPod, mixed, scale, seconds } from '../e2e/measure.js';

let web, home, browser, page;

before(async () => {
  web = await serve();
  home = profile();
  browser = await open(home.dir);
  page = browser.pages()[0];
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
});

test('page start to first running pod, warm cache, under 1.2 s', { timeout: 180_000 }, async () => {
  const { running, ready } = await medianFirstPod(page, web.url, 7);
  console.log(`    page start to control plane ready ${seconds(ready)}, to first running pod ${seconds(running)} (median of 7)`);
  assert.ok(running < 1200, seconds(running));
});

test('100, 1,000 and 10,000 pods: 1,000 under 4 s, and growing linearly', { timeout: 900_000 }, async () => {
  let last;
  for (const [pods, nodes] of [
    [100, 12],
    [1000, 12],
    [10_000, 100],
  ]) {
    const { took, long } = await scale(page, web.url, pods, nodes);
    const ratio = last ? `, ${(took / last).toFixed(1)} times the last` : '';
    console.log(`    1 to ${pods} pods on ${nodes} nodes: ${seconds(took)}, ${((took / pods) * 1000).toFixed(0)} µs a pod${ratio}; main-thread tasks over 50 ms: ${long.length}${long.length ? ` (${long.join(', ')} ms)` : ''}`);
    if (pods === 1000) assert.ok(took < 4000, seconds(took));
    last = took;
  }
});

test('10,000 pods of three kinds on 100 nodes: a pod no dearer than 1.5 times one of 1,000', { timeout: 1_200_000 }, async () => {
  const price = {};
  for (const weight of [10, 100]) {
    const took = await mixed(page, web.url, weight);
    price[weight] = took / (weight * 100);
    console.log(`    ${weight * 100} pods of Deployments, StatefulSets and DaemonSets on 100 nodes: ${seconds(took)}, ${(price[weight] * 1000).toFixed(0)} µs a pod`);
  }
  assert.ok(price[100] < 1.5 * price[10], `${(price[100] / price[10]).toFixed(2)} times`);
});
