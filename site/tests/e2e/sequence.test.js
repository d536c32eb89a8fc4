// The sequence, the reasons, the scheduler's table, the objects and the hands,
// through the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharing } from './browser.js';
import { look, looks, sizes } from './look.js';
import { running, succeed, visit } from './page.js';

let page;
const tab = (name) => page.getByRole('tab', { name });
const shown = (zoom) => page.locator('.choices-row select').first().selectOption(zoom);

const problems = sharing(async (its) => {
  page = its.page;
  await visit(page, its.web.url);
  await succeed(page, 'kubectl create deployment web --image=nginx');
  await succeed(page, 'kubectl scale deployment web --replicas=3');
  await running(page, 3);
});

/** The steps of the rows in view, in order. */
const steps = () => page.locator('.sequence .row .badge').allTextContents();

test('the sequence shows the chain of one command, from the ten steps to everything', { timeout: 60_000 }, async () => {
  await tab('Sequence').click();
  await page.locator('.enlarge').click();
  await shown('folded');
  await page.waitForSelector('.sequence .row:has-text("You scaled Deployment web")');
  const folded = (await steps()).slice(-12);
  assert.deepEqual([...new Set(folded)], ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  assert.equal(await page.locator('.sequence .row .count').first().textContent(), '×2');
  const sizeOf = async () => Number(await page.locator('.sequence .row').last().getAttribute('aria-setsize'));
  const counts = [];
  for (const zoom of ['folded', 'steps', 'writes', 'all']) {
    await shown(zoom);
    await page.waitForFunction((was) => Number([...document.querySelectorAll('.sequence .row')].at(-1)?.getAttribute('aria-setsize')) !== was, counts.at(-1) ?? -1);
    counts.push(await sizeOf());
    if (zoom === 'folded' || zoom === 'all') await look(page, `sequence-${zoom}`);
  }
  assert.ok(counts[0] < counts[1] && counts[1] < counts[3] && counts[2] < counts[3], String(counts));
  assert.ok((await page.locator('.lanes .mark[data-type="delivery"]').count()) > 0);
  await page.locator('.choices-row select').nth(1).selectOption('scheduler');
  await page.waitForFunction(() => [...document.querySelectorAll('.sequence .row')].every((row) => row.dataset.actor === 'scheduler'));
  await page.locator('.choices-row select').nth(1).selectOption('');
  await page.getByRole('searchbox').fill('deployments/web');
  await page.waitForFunction(() => [...document.querySelectorAll('.sequence .row')].every((row) => row.textContent.includes('Deployment web')));
  await page.getByRole('searchbox').fill('');
});

test('a selected write walks back to the learner’s own command, and the rest fades', { timeout: 60_000 }, async () => {
  await shown('steps');
  const bound = page.locator('.sequence .row', { hasText: 'scheduler bound Pod' }).last().locator('.row-words');
  await bound.click();
  await page.waitForSelector('.reasons-beside .reasons li');
  const why = page.locator('.reasons-beside');
  assert.match(await why.locator('.facts').innerText(), /POST \/api\/v1\/namespaces\/default\/pods\/.*\/binding → 201/);
  const back = await why.locator('section').first().locator('.reasons li').allInnerTexts();
  assert.match(back.at(-1), /You scaled Deployment web/);
  assert.equal(back.length, 3, String(back));
  assert.match(await why.innerText(), /That was your own command/);
  assert.ok((await page.locator('.sequence .row[data-faded]').count()) > 0);
  assert.ok((await page.locator('.sequence .row:not([data-faded])').count()) > 3);
  const rows = await why.locator('.table tbody tr').count();
  assert.equal(rows, 3, 'every node is in the scheduler’s table');
  assert.equal(await why.locator('.table [data-chosen]').count(), 1);
  assert.match(await why.locator('.table thead').innerText(), /Filter[\s\S]*Total/);
  await look(page, 'sequence-selected');
  await why.locator('.reasons .jump').last().click();
  await page.waitForSelector('.reasons-beside .why-title:has-text("Deployment web")');
  await page.locator('.enlarge').click();
  await page.waitForSelector('.strip .cell[data-faded]');
  await look(page, 'why-map');
});

test('Why in every size', { timeout: 120_000 }, async () => {
  await tab('Why').click();
  await looks(page, 'why', { tablet: sizes.tablet, phone: sizes.phone }, async (size) => {
    if (size === 'phone') await page.locator('.tabs button').nth(2).click();
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await tab('Sequence').click();
  await look(page, 'sequence-phone');
  await tab('Objects').click();
  await look(page, 'objects-phone');
  await page.locator('.tabs button').nth(0).click();
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('an object: its YAML lives, its owner and its events are there', { timeout: 60_000 }, async () => {
  await tab('Objects').click();
  await page.waitForSelector('.table.objects tbody tr');
  assert.equal(await page.locator('.table.objects tbody tr').count(), 3);
  await page.locator('.choices-row select').selectOption('deployments');
  await page.locator('.table.objects').getByRole('button', { name: 'web', exact: true }).click();
  await page.waitForSelector('.object pre:has-text("replicas: 3")');
  await succeed(page, 'kubectl scale deployment web --replicas=2');
  await page.waitForSelector('.object pre:has-text("replicas: 2")');
  assert.match(await page.locator('.object-events').innerText(), /Scaled (up|down)/);
  const owned = await page.locator('.object details').evaluateAll((all) =>
    Object.fromEntries(all.map((d) => [d.querySelector('summary').textContent, [...d.querySelectorAll('code')].map((code) => code.textContent)])),
  );
  const owner = (field) => Object.keys(owned).filter((who) => owned[who].includes(field)).join();
  assert.match(owner('spec.replicas'), /^kubectl.* · Update · scale$/);
  assert.match(owner('spec.strategy.type'), /^kubectl-create · Update$/);
  assert.match(owner('status.replicas'), /^kube-controller-manager · Update · status$/);
  await page.locator('.node button.pod').first().click();
  await page.getByRole('button', { name: /^ReplicaSet web-/ }).click();
  await page.waitForSelector('.object pre:has-text("kind: ReplicaSet")');
  await look(page, 'object');
});

test('an object is edited with completion from its schema, and refused in the API’s words', { timeout: 60_000 }, async () => {
  await page.locator('button.thing[data-actor="deployment"]').first().click();
  await page.waitForSelector('.object pre:has-text("kind: Deployment")');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const text = page.locator('.cm-content');
  await text.waitFor();
  await page.waitForTimeout(300);
  await text.locator('.cm-line', { hasText: /^ {2}replicas: 2$/ }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  // What lies under the pointer is explained in the schema's words.
  await text.locator('.cm-line', { hasText: /^ {2}replicas: 2$/ }).locator('span').first().hover();
  await page.waitForSelector('.cm-tooltip-hover .tip:has-text("replicas: integer")');
  assert.match(await page.locator('.tip').innerText(), /replicas: integer\n.{10,}/);
  await page.mouse.move(10, 10);
  await page.locator('.tip').waitFor({ state: 'detached' });
  await page.keyboard.type('minR');
  await page.waitForSelector('.cm-tooltip-autocomplete li:has-text("minReadySeconds"):has-text("integer")');
  await look(page, 'edit-completion');
  await page.keyboard.press('Enter');
  await page.keyboard.type('-5');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForSelector('.edit .why:has-text("must be greater than or equal to 0")');
  for (let i = 0; i < 2; i++) await page.locator('.cm-line', { hasText: 'minReadySeconds' }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Backspace');
  await page.keyboard.type('5');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForSelector('.object pre:has-text("minReadySeconds: 5")');
  await page.waitForSelector('pre.out:has-text("deployment.apps/web replaced")');
});

test('the scheduler stopped, pods wait; started, they run', { timeout: 60_000 }, async () => {
  await page.locator('[data-part="scheduler"]').click();
  const hand = page.locator('[data-hand="scheduler"]');
  await hand.getByRole('button', { name: 'Stop' }).click();
  await page.waitForSelector('[data-part="scheduler"][data-condition="stopped"]');
  await succeed(page, 'kubectl scale deployment web --replicas=4');
  await page.waitForSelector('.waiting .pod[data-look="pending"]');
  await look(page, 'scheduler-stopped');
  await hand.getByRole('button', { name: 'Start' }).click();
  await running(page, 4);
  await hand.getByRole('button', { name: 'Drop its watches' }).click();
  await succeed(page, 'kubectl scale deployment web --replicas=3');
  await running(page, 3);
  await page.keyboard.press('Escape');
});

test('a node taken down is not ready after a while, and gets no new pods', { timeout: 90_000 }, async () => {
  const node = page.locator('.node[data-node="node-2"]');
  await node.locator('[data-part]').click();
  await page.getByRole('button', { name: 'Take the node down' }).click();
  await page.waitForSelector('[data-part="kubelet/node-2"][data-condition="stopped"]');
  await page.keyboard.press('Escape');
  await page.locator('.hands').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: '+1 min' }).click();
  await page.waitForSelector('.node[data-node="node-2"][data-ready="false"]');
  await look(page, 'node-down');
  const stay = await node.locator('.pod').count();
  await succeed(page, 'kubectl scale deployment web --replicas=6');
  await page.waitForFunction(
    (n) => document.querySelectorAll('.node:not([data-node="node-2"]) .pod[data-look="running"]').length === n,
    6 - stay,
  );
  assert.equal(await node.locator('.pod').count(), stay);
});

test('an image that does not come, by the learner’s hand, and comes again', { timeout: 60_000 }, async () => {
  await page.locator('.node[data-node="node-1"] [data-part]').click();
  await page.getByLabel('From its registry').fill('redis:7');
  await page.getByRole('button', { name: 'Not at all' }).click();
  await page.waitForSelector('.registry [role=status]:has-text("ImagePullBackOff")');
  await succeed(page, 'kubectl create deployment cache --image=redis:7');
  await page.waitForSelector('.pod[data-look="bad"]:has-text("ImagePullBackOff")');
  await look(page, 'image-missing');
  await page.getByRole('button', { name: 'As usual' }).click();
  await page.keyboard.press('Escape');
  // The kubelet tries again after a while.
  const cache = page.locator('.thing', { hasText: 'cache' }).first();
  for (let i = 0; i < 6 && !/1\/1/.test(await cache.innerText()); i++) {
    await page.getByRole('button', { name: '+1 min' }).click();
    await page.waitForTimeout(300);
  }
  assert.match(await cache.innerText(), /1\/1/);
  await succeed(page, 'kubectl delete deployment cache');
});

test('a Pod of higher priority takes another’s place, and the table says whose', { timeout: 60_000 }, async () => {
  const pod = (name, cpu, priority) =>
    JSON.stringify({
      apiVersion: 'v1', kind: 'Pod', metadata: { name },
      spec: { priorityClassName: priority, nodeSelector: { 'kubernetes.io/hostname': 'node-3' }, containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu } } }] },
    });
  const cpu = Number(await succeed(page, 'kubectl get node node-3 -o jsonpath={.status.allocatable.cpu}'));
  await succeed(page, 'kubectl create priorityclass urgent --value=1000');
  await succeed(page, `kubectl apply -f - <<'EOF'\n${pod('modest', `${cpu * 700}m`)}\nEOF`);
  await page.waitForSelector('.node[data-node="node-3"] .pod[data-pod="modest"][data-look="running"]');
  await succeed(page, `kubectl apply -f - <<'EOF'\n${pod('urgent', `${cpu * 600}m`, 'urgent')}\nEOF`);
  await page.waitForSelector('.node[data-node="node-3"] .pod[data-pod="urgent"][data-look="running"]');
  assert.equal(await page.locator('.pod[data-pod="modest"]').count(), 0);
  await tab('Sequence').click();
  await page.locator('.enlarge').click();
  await shown('all');
  await page.locator('.choices-row select').nth(1).selectOption('scheduler');
  await page.getByRole('searchbox').fill('pods/urgent');
  await page.locator('.sequence .row-words', { hasText: 'found no node' }).click();
  const why = page.locator('.reasons-beside');
  await why.getByText('default/modest removed from node-3').waitFor();
  assert.match(await why.locator('[data-chosen]').innerText(), /node-3[\s\S]*✕ Insufficient cpu/);
  assert.match(await why.locator('.table thead').innerText(), /Filter[\s\S]*Fit/);
  await look(page, 'preemption');
  await page.locator('.enlarge').click();
});

test('nothing went wrong in the browser', () => {
  assert.deepEqual(problems, []);
});
