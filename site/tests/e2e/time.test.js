// Time, through the page: read any revision, fork from it, go from one cluster
// to the other; go through the chain write by write; skip time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { look, looks, sizes } from './look.js';
import { sharing } from './browser.js';
import { ready, run, running, succeed, visit } from './page.js';

let page;
const slider = () => page.getByRole('slider', { name: 'Revision to read' });
const act = (name) => page.locator(`.walk [data-act="${name}"]`);

const problems = sharing(async (its) => {
  page = its.page;
  await visit(page, its.web.url);
});

/** Waits until the page reads a revision. */
const reading = (n) => page.waitForSelector(`.banner:has-text("revision ${n} of")`);

let created, scaled;

test('the slider reads every revision: map, strip, writes and console are as they were', { timeout: 60_000 }, async () => {
  await succeed(page, 'kubectl create deployment web --image=nginx');
  await running(page, 1);
  created = Number(await slider().getAttribute('max'));
  await succeed(page, 'kubectl scale deployment web --replicas=3');
  await running(page, 3);
  scaled = Number(await slider().getAttribute('max'));
  assert.ok(scaled > created + 10, `${created} to ${scaled}`);
  await slider().fill(String(created));
  await reading(created);
  await running(page, 1);
  assert.equal(await page.locator('.strip .cell:not([data-ahead])').last().getAttribute('data-reading'), 'true');
  assert.equal(await slider().getAttribute('aria-valuetext'), `revision ${created} of ${await slider().getAttribute('max')}`);
  const revisions = await page.locator('.entry[data-revision]').evaluateAll((rows) => rows.map((row) => Number(row.dataset.revision)));
  assert.ok(revisions.length > 5 && Math.max(...revisions) <= created, String(revisions));
  assert.equal(await succeed(page, 'kubectl get deployment web -o jsonpath={.spec.replicas}'), '1');
  assert.match(await succeed(page, 'kubectl describe deployment web'), /1 desired/);
  assert.equal((await succeed(page, 'kubectl get pods -o name')).trim().split('\n').length, 1);
  await page.locator('.banner').getByRole('button', { name: 'Back to now' }).click();
  await running(page, 3);
  assert.equal(await page.locator('.banner').count(), 0);
});

test('the keys of the slider stop at each revision', async () => {
  await slider().focus();
  const head = Number(await slider().getAttribute('max'));
  await page.keyboard.press('Home');
  await reading(1);
  await page.waitForFunction(() => document.querySelectorAll('.pod').length === 0);
  await page.keyboard.press('ArrowRight');
  await reading(2);
  await page.keyboard.press('End');
  await page.waitForSelector('.banner', { state: 'detached' });
  assert.equal(Number(await slider().inputValue()) >= head, true);
});

test('◀ and ▶ go from write to write, and the map lights each', { timeout: 60_000 }, async () => {
  await slider().fill(String(created));
  await reading(created);
  const seen = [];
  for (let i = 0; i < 6; i++) {
    await act('forth').click();
    await page.waitForFunction((was) => document.querySelector('.banner p').textContent !== was, seen.at(-1) ?? '');
    await page.waitForTimeout(60);
    seen.push(await page.locator('.banner p').innerText());
  }
  assert.match(seen[0], /You (scaled|changed) Deployment web/);
  assert.match(seen[1], /deployment-controller (updated|scaled|changed) ReplicaSet web-7887448d46/);
  await page.waitForSelector('.part .box[data-lit="true"], .node .box[data-lit="true"]');
  await act('back').click();
  await page.waitForFunction((want) => document.querySelector('.banner p').textContent.startsWith(want), seen[4].slice(0, 30));
  await act('first').click();
  await reading(1);
  await act('now').click();
  await page.waitForSelector('.banner', { state: 'detached' });
});

test('what would change the past is refused, and a fork is offered', { timeout: 90_000 }, async () => {
  await slider().fill(String(created));
  await reading(created);
  const { text, exit } = await run(page, 'kubectl scale deployment web --replicas=2');
  assert.equal(exit, 1);
  assert.match(text, new RegExp(`revision ${created} is in the past: it can be read, not changed`));
  await page.getByRole('button', { name: 'Fork from here and run it there' }).click();
  await page.locator('dialog.fork').waitFor();
  await look(page, 'past-fork-dialog');
  assert.equal(await page.getByLabel('Name of the new cluster').inputValue(), `default-at-${created}`);
  await page.getByLabel('Name of the new cluster').fill('default');
  await page.waitForSelector('dialog.fork .wrong:has-text("There is a cluster of this name already")');
  await page.getByLabel('Name of the new cluster').fill('what-if');
  const there = page.waitForURL(/cluster=what-if/);
  await page.locator('dialog.fork').getByRole('button', { name: 'Fork', exact: true }).click();
  await there;
  await ready(page);
  await page.waitForSelector('.block[data-state="done"] pre.out:has-text("deployment.apps/web scaled")');
  await running(page, 2);
  assert.equal(Number(await slider().getAttribute('min')), 1, 'the fork remembers what was before it');
  await look(page, 'past-forked');
});

test('the old cluster is untouched, one choice away', { timeout: 60_000 }, async () => {
  const back = page.waitForURL((url) => !url.searchParams.has('cluster'));
  await page.locator('.status select').selectOption('default');
  await back;
  await ready(page);
  await running(page, 3);
  assert.equal(await succeed(page, 'kubectl get deployment web -o jsonpath={.spec.replicas}'), '3');
});

test('the past in every size, language and theme', { timeout: 240_000 }, async () => {
  await slider().fill(String(scaled - 12));
  await reading(scaled - 12);
  await looks(page, 'past', sizes);
  await page.locator('.walk [data-act="now"]').click();
});

test('nothing went wrong in the browser', () => {
  assert.deepEqual(problems, []);
});
