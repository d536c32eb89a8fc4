// What the console has answered survives a browser that is killed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kill, open, profile, serve } from './browser.js';
import { running, succeed, visit } from './page.js';

const kills = Number(process.env.KILLS ?? 3);
let web;

before(async () => {
  web = await serve();
});

after(() => web?.close());

test(`an answered command survives a killed browser (${kills} kills)`, { timeout: 120_000 + kills * 30_000 }, async () => {
  const home = profile();
  try {
    const answered = [];
    for (let i = 0; i <= kills; i++) {
      const browser = await open(home.dir);
      const page = browser.pages()[0];
      await visit(page, web.url);
      const found = (await succeed(page, 'kubectl get configmaps -l kept=yes -o name')).split('\n').filter(Boolean);
      assert.deepEqual(found, answered);
      if (i === kills) {
        await browser.close();
        break;
      }
      await succeed(page, `kubectl create configmap kill-${i} --from-literal=n=${i}`);
      await succeed(page, `kubectl label configmap kill-${i} kept=yes`);
      kill(home.dir);
      answered.push(`configmap/kill-${i}`);
      await browser.close().catch(() => {});
    }
    console.log(`    ${kills} kills, ${answered.length} answered commands, ${answered.length} found`);
  } finally {
    home.remove();
  }
});

test('a browser killed in the middle of a chain comes back to what was wanted', { timeout: 120_000 }, async () => {
  const home = profile();
  try {
    let browser = await open(home.dir);
    let page = browser.pages()[0];
    await visit(page, web.url, '?speed=watch');
    await succeed(page, 'kubectl create deployment web --image=nginx --replicas=2');
    kill(home.dir);
    await browser.close().catch(() => {});
    browser = await open(home.dir);
    page = browser.pages()[0];
    await visit(page, web.url);
    await running(page, 2);
    await browser.close();
  } finally {
    home.remove();
  }
});
