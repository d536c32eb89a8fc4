// The chain, through the page: create, watch the ten steps, scale, reload.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, profile, serve } from './browser.js';
import { ready, run, running, succeed, visit } from './page.js';

let web, home, browser, page;
const problems = [];

before(async () => {
  web = await serve();
  home = profile();
  browser = await open(home.dir, { permissions: ['clipboard-read', 'clipboard-write'] });
  page = browser.pages()[0];
  page.on('pageerror', (err) => problems.push(String(err)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
});

test('create deployment lights the ten steps and runs a pod', { timeout: 120_000 }, async () => {
  await visit(page, web.url, '');
  const order = page.evaluate(
    () =>
      new Promise((resolve) => {
        const seen = [];
        const look = () => {
          for (const li of document.querySelectorAll('.steps li:not([data-state="ahead"])')) {
            const n = Number(li.dataset.step);
            if (!seen.includes(n)) seen.push(n);
          }
          if (seen.length === 10) resolve(seen);
        };
        new MutationObserver(look).observe(document.querySelector('.steps'), { subtree: true, childList: true, attributes: true });
      }),
  );
  assert.equal(await succeed(page, 'kubectl create deployment web --image=nginx'), 'deployment.apps/web created\n');
  assert.deepEqual(await order, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await running(page, 1);
  await page.waitForSelector('.thing[data-actor="replicaset"]:has-text("web-7887448d46"):has-text("1/1")');
  for (let step = 1; step <= 10; step++) {
    const lit = await page.locator(`.map .badge[data-lit="done"], .map .badge[data-lit="now"]`).allTextContents();
    assert.ok(lit.includes(String(step)), `step ${step} is not marked on the map: ${lit}`);
  }
});

test('the list of writes tells who, what and because of what', async () => {
  const created = page.locator('.entry[data-actor="replicaset"]', { hasText: 'created Pod web-7887448d46-' });
  await created.waitFor();
  const cause = created.getByRole('button', { name: /^\d+$/ }).nth(1);
  const revision = await cause.textContent();
  await cause.click();
  const selected = page.locator('.entry[data-lit="selected"]');
  await selected.waitFor();
  assert.equal(await selected.getAttribute('data-revision'), revision);
  assert.match(await selected.innerText(), /deployment-controller created ReplicaSet web-7887448d46/);
  await selected.locator('.revision').click();
  await selected.waitFor({ state: 'detached' });
});

test('scale to three runs two more pods', { timeout: 60_000 }, async () => {
  await page.selectOption('.speed select', 'once');
  assert.equal(await succeed(page, 'kubectl scale deployment web --replicas=3'), 'deployment.apps/web scaled\n');
  await running(page, 3);
  assert.match(await page.locator('.steps li[data-step="3"]').innerText(), /It updates the ReplicaSet/);
  const scaled = page.locator('.entry[data-actor="kubectl"]').last();
  await scaled.scrollIntoViewIfNeeded();
  await scaled.locator('.fields').waitFor();
  assert.match(await scaled.textContent(), /spec\.replicas\s*1\s*→\s*3/);
});

test('a reload finds everything as it was', { timeout: 60_000 }, async () => {
  const pods = await succeed(page, 'kubectl get pods -o name');
  await page.reload();
  await ready(page);
  await running(page, 3);
  assert.equal(await succeed(page, 'kubectl get pods -o name'), pods);
});

test('names in the console lead to their objects, by mouse and by keyboard', { timeout: 60_000 }, async () => {
  const printed = await succeed(page, 'kubectl get pods');
  const names = page.locator('.block').last().locator('.name');
  const pods = await names.allTextContents();
  assert.equal(pods.length, 3);
  await names.first().click();
  await page.waitForSelector(`.object-name:has-text("${pods[0]}")`);
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), printed);
  // Tab stops once, at the last name, and goes on; the arrows go from name to name.
  await page.focus('#command');
  const stops = [];
  for (let i = 0; i < 8 && !stops.at(-1)?.startsWith('log'); i++) {
    await page.keyboard.press('Shift+Tab');
    stops.push(await page.evaluate(() => `${document.activeElement.className} ${document.activeElement.textContent}`));
  }
  assert.deepEqual(stops.filter((stop) => stop.startsWith('name')), [`name ${pods[2]}`]);
  await names.last().focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`.object-name:has-text("${pods[1]}")`);
  assert.match(await page.locator('.object pre').innerText(), /kind: Pod/);
});

test('errors are kubectl’s own and change nothing', async () => {
  const { text, exit } = await run(page, 'kubectl get podz');
  assert.equal(text, 'error: the server doesn\'t have a resource type "podz"\n');
  assert.equal(exit, 1);
});

test('Ctrl-C ends a watch', { timeout: 30_000 }, async () => {
  await page.fill('#command', 'kubectl get pods -w');
  await page.press('#command', 'Enter');
  await page.waitForSelector('.block[data-state="running"] pre.out:has-text("web-7887448d46")');
  await page.press('#command', 'Control+c');
  await page.waitForSelector('.block:last-of-type[data-exit="130"]');
});

test('several lines pasted run as one script', async () => {
  const text = await succeed(page, 'kubectl get deployment web -o name\nkubectl get replicasets -o name');
  assert.equal(text, 'deployment.apps/web\nreplicaset.apps/web-7887448d46\n');
});

test('Enter while an input method composes runs nothing', async () => {
  const before = await page.locator('.block').count();
  await page.fill('#command', 'kubectl');
  await page.evaluate(() => {
    const event = new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true });
    document.querySelector('#command').dispatchEvent(event);
  });
  assert.equal(await page.locator('.block').count(), before);
  assert.equal(await page.inputValue('#command'), 'kubectl');
  await page.fill('#command', '');
});

test('the arrows walk the history', async () => {
  await page.press('#command', 'ArrowUp');
  await page.press('#command', 'Control+Home');
  await page.press('#command', 'ArrowUp');
  assert.equal(await page.inputValue('#command'), 'kubectl get pods -w');
  await page.press('#command', 'ArrowDown');
  await page.press('#command', 'ArrowDown');
  assert.equal(await page.inputValue('#command'), '');
});

test('a file is written in the editor and applied', { timeout: 60_000 }, async () => {
  await page.fill('#command', 'nano settings.yaml && kubectl apply -f settings.yaml');
  await page.press('#command', 'Enter');
  const editor = page.locator('dialog.editor');
  await editor.getByRole('heading', { name: 'settings.yaml' }).waitFor();
  await editor.locator('textarea').fill('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: blue}\n');
  await editor.getByRole('button', { name: 'Save' }).click();
  await page.waitForSelector('pre.out:has-text("configmap/settings created")');
  assert.equal(await succeed(page, 'ls'), 'settings.yaml\n');
});

test('paused, the world moves by steps', { timeout: 30_000 }, async () => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.waitForSelector('.time button[data-act="play"]');
  await page.fill('#command', 'kubectl scale deployment web --replicas=4');
  await page.press('#command', 'Enter');
  const newest = () => page.locator('.saved').textContent();
  const before = await newest();
  await page.waitForSelector('.log .note:has-text("paused")');
  await page.getByRole('button', { name: 'Step a write' }).click();
  await page.waitForFunction((was) => document.querySelector('.saved').textContent !== was, before);
  assert.match(await page.locator('.happening .sentence').innerText(), /^You (changed|scaled) Deployment web$/);
  await page.getByRole('button', { name: 'Play' }).click();
  await running(page, 4);
});

test('the scheduler held, pods wait; let go, they run', { timeout: 30_000 }, async () => {
  await page.locator('[data-part="scheduler"]').click();
  await page.locator('[data-hand="scheduler"]').getByRole('button', { name: 'Hold' }).click();
  await page.waitForSelector('[data-part="scheduler"][data-condition="held"]');
  await succeed(page, 'kubectl scale deployment web --replicas=5');
  await page.waitForSelector('.waiting .pod[data-look="pending"]');
  await page.locator('[data-hand="scheduler"]').getByRole('button', { name: 'Let go on' }).click();
  await running(page, 5);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.hands').count(), 0);
});

test('an object of a kind of one’s own is called by that kind', { timeout: 60_000 }, async () => {
  await succeed(page, `kubectl apply -f - <<'.'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
.`);
  await succeed(page, 'kubectl wait --for=condition=Established crd/widgets.example.com');
  await succeed(page, `kubectl apply -f - <<'.'
{apiVersion: example.com/v1, kind: Widget, metadata: {name: small}}
.`);
  await page.getByRole('tab', { name: 'Writes' }).click();
  await page.waitForSelector('.entry:has-text("You created Widget small")');
});

test('the cluster can be deleted, by someone who is sure', { timeout: 60_000 }, async () => {
  await page.getByRole('button', { name: 'Storage' }).click();
  page.once('dialog', (dialog) => dialog.dismiss());
  await page.getByRole('button', { name: 'Delete cluster' }).click();
  await page.getByRole('button', { name: 'Close' }).click();
  await succeed(page, 'kubectl get deployment web');
  await page.getByRole('button', { name: 'Storage' }).click();
  page.once('dialog', (dialog) => dialog.accept());
  const again = page.waitForNavigation();
  await page.getByRole('button', { name: 'Delete cluster' }).click();
  await again;
  await ready(page);
  const { text } = await run(page, 'kubectl get deployments');
  assert.equal(text, 'No resources found in default namespace.\n');
});

test('nothing went wrong in the browser', () => {
  assert.deepEqual(problems, []);
});
