// The lessons in the page: one from start to end, the homework to the file that
// is handed in and graded natively, one by keyboard alone, and every state with
// axe and a picture (SHOTS says where).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join as path } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open, profile, serve } from './browser.js';
import { check, choose, complaints, join, next, order, press, score, stands, study, submit, write } from './learner.js';
import { ready, run, succeed, visit } from './page.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const shots = process.env.SHOTS;
let web, home, browser, page;

before(async () => {
  web = await serve();
  home = profile();
  browser = await open(home.dir, { acceptDownloads: true });
  page = browser.pages()[0];
  if (shots) mkdirSync(shots, { recursive: true });
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
});

async function look(name, where = page) {
  await where.waitForTimeout(350);
  if (shots) await where.screenshot({ path: path(shots, `lesson-${name}.png`) });
  assert.ok(await where.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: the page is wider than the window`);
  assert.deepEqual(await complaints(where), [], name);
}

test('the text is there before the engine, and what is pressed then is done later', { timeout: 60_000 }, async () => {
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route('**/*.gz', async (route) => {
    await held;
    await route.continue();
  });
  // What a shared worker fetches cannot be held up from here.
  await study(page, web.url, 'ten-steps', '&speed=once&worker=dedicated');
  assert.match(await page.locator('.step-title').innerText(), /One command/);
  assert.match(await page.locator('.status').innerText(), /Fetching the control plane/);
  await look('before-engine');
  await press(page);
  await choose(page, 'who-writes', ['api-server'], 'open');
  letGo();
  await stands(page, 'web-created', 'passed');
  await stands(page, 'who-writes', 'passed');
  await page.unroute('**/*.gz');
});

test('ten-steps, from the first command to full marks', { timeout: 120_000 }, async () => {
  await next(page);
  await page.waitForFunction(() => document.activeElement.className === 'step-title');
  await stands(page, 'one-after-the-other', 'passed');
  await look('matching');
  await join(page, 'who-makes-what', { deployment: 'kubectl', replicaset: 'scheduler', pod: 'replicaset-controller' }, 'failed');
  assert.match(await check(page, 'who-makes-what').locator('.said').innerText(), /At least one pair does not fit/);
  await join(page, 'who-makes-what', { replicaset: 'deployment-controller' });
  await choose(page, 'how-told', ['direct-call'], 'failed');
  assert.match(await check(page, 'how-told').locator('.said').innerText(), /do not call each other/);
  await choose(page, 'how-told', ['watch']);

  // A command is written into the console, to be run there.
  await page.locator('.lesson .command').getByRole('button', { name: 'Type it' }).click();
  assert.equal(await page.inputValue('#command'), 'kubectl get deployments,replicasets,pods');
  await page.waitForFunction(() => document.activeElement.id === 'command');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.command .ran:has-text("has run")');

  await next(page);
  const where = await succeed(page, 'kubectl get pods -o wide');
  await write(page, 'which-node', ` ${/node-\d/.exec(where)[0].toUpperCase()} `);
  await choose(page, 'what-binding-does', ['writes-node']);
  await next(page);
  await stands(page, 'web-available', 'passed');
  await choose(page, 'when-pulled', ['when-missing']);
  await next(page);
  await page.getByRole('button', { name: 'Hint 1 of 2' }).click();
  assert.equal(await page.locator('.hint').count(), 1);
  await order(page, 'in-order', ['post', 'replicaset', 'pod', 'choose', 'bind', 'told', 'pull', 'run']);
  await look('ordering');
  await submit(page, 'in-order', 'passed');
  assert.deepEqual(await score(page), { points: 13, of: 13 });
  assert.match(await page.locator('.end').innerText(), /All 13 points/);
  assert.equal(await page.locator('.lesson nav button[data-done="true"]').count(), 5);
  await look('end');
});

test('a reload in the middle of a lesson loses nothing', { timeout: 60_000 }, async () => {
  await study(page, web.url, 'ten-steps');
  await ready(page);
  await stands(page, 'in-order', 'passed');
  assert.deepEqual(await score(page), { points: 13, of: 13 });
  assert.equal(await page.locator('.lesson .step-title').innerText().then((text) => text.split('\n').at(-1)), 'By heart');
  assert.match(await succeed(page, 'kubectl get deployments -o name'), /deployment.apps\/web/);
});

test('a lesson’s cluster is not the learner’s, and not another lesson’s', { timeout: 60_000 }, async () => {
  await visit(page, web.url);
  assert.equal(await succeed(page, 'kubectl get deployments -o name'), '');
  await study(page, web.url, 'api-server-and-etcd');
  await ready(page);
  assert.equal((await run(page, 'kubectl get deployments web -o name')).exit, 1);
});

test('the list of lessons shows how far each is', { timeout: 60_000 }, async () => {
  await page.goto(`${web.url}?course`);
  const dialog = page.locator('dialog.course');
  await dialog.locator('li').nth(11).waitFor();
  assert.match(await dialog.locator('li').nth(0).innerText(), /Done, 13 points/);
  assert.match(await dialog.locator('li').nth(7).innerText(), /Not begun.*to hand in/s);
  await look('course');
  await dialog.locator('li a').first().click();
  await page.waitForURL(/lesson=ten-steps/);
});

const solution = {
  order: ['wish', 'wish-noticed', 'set-scaled', 'set-noticed', 'pod-created', 'pod-created', 'pod-bound', 'pod-bound', 'pod-noticed', 'pod-noticed', 'container-started', 'container-started'],
  causes: {
    'wish-noticed': 'wish', 'set-scaled': 'wish-noticed', 'set-noticed': 'set-scaled',
    'pod-created/1': 'set-noticed', 'pod-created/2': 'set-noticed', 'pod-bound/1': 'pod-created/1', 'pod-bound/2': 'pod-created/2',
    'pod-noticed/1': 'pod-bound/1', 'pod-noticed/2': 'pod-bound/2', 'container-started/1': 'pod-noticed/1', 'container-started/2': 'pod-noticed/2',
  },
  actors: {
    wish: 'kubectl', 'wish-noticed': 'deployment-controller', 'set-scaled': 'deployment-controller', 'set-noticed': 'replicaset-controller',
    'pod-created/1': 'replicaset-controller', 'pod-bound/1': 'scheduler', 'pod-noticed/1': 'kubelet', 'container-started/1': 'kubelet',
  },
};

/** Fills a prediction in. */
async function predict({ order, causes, actors }) {
  for (const block of order) await page.locator(`[data-block="${block}"]`).click();
  for (const [effect, cause] of Object.entries(causes)) {
    await page.locator(`[data-item="${effect}"] [data-ask="cause"]`).first().selectOption(cause);
  }
  for (const [event, actor] of Object.entries(actors)) await page.locator(`[data-item="${event}"] [data-ask="actor"]`).selectOption(actor);
}

/** Saves the file, and has it graded by the native engine. */
async function handIn(name) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the file to hand in' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), name);
  const file = path(home.dir, name);
  await download.saveAs(file);
  const graded = execFileSync('go', ['run', './cmd/tabernetes', 'grade', '--format', 'json', file], { cwd: root, encoding: 'utf8' });
  return JSON.parse(graded);
}

test('the homework: predicted with errors, run, laid side by side, handed in and graded the same', { timeout: 180_000 }, async () => {
  await study(page, web.url, 'homework');
  await look('homework-who');
  assert.ok(await page.locator('.lesson nav button').nth(1).isDisabled());
  await page.getByLabel('Your id').fill('ada.1815');
  await page.keyboard.press('Enter');
  await predict({
    order: ['wish', 'new-set', 'wish-noticed', 'set-scaled', 'pod-created', 'pod-created', 'set-noticed', 'pod-bound'],
    causes: { 'wish-noticed': 'wish', 'set-scaled': 'wish' },
    actors: { wish: 'api-server', 'pod-created/1': 'replicaset-controller' },
  });
  await look('homework-predicting');
  // What is half made survives a reload.
  await page.reload();
  await ready(page);
  assert.equal(await page.locator('.predict .sortable > li').count(), 8);
  await submit(page, 'chain', 'failed');
  await page.locator('.parts-score').waitFor();
  assert.match(await page.locator('[data-item="new-set"] .said').first().innerText(), /new pod template only/);
  await look('homework-predicted');
  const predicted = await score(page);
  assert.ok(predicted.points > 2 && predicted.points < 8, `${predicted.points}`);

  await next(page);
  await press(page);
  await stands(page, 'nothing-else', 'passed');
  const rows = page.locator('.compare tbody tr');
  await page.waitForFunction(() => document.querySelectorAll('.compare tbody tr').length === 13);
  const verdicts = await rows.evaluateAll((all) => all.map((tr) => tr.dataset.verdict));
  assert.deepEqual([...new Set(verdicts)].sort(), ['missing', 'moved', 'never', 'partly', 'right'].filter((v) => verdicts.includes(v)));
  assert.equal(verdicts.at(-1), 'never');
  assert.ok(verdicts.includes('missing') && verdicts.includes('partly'));
  await look('homework-compared');

  await next(page);
  await write(page, 'created-count', '２');
  await write(page, 'set-name', 'web', 'failed');
  await choose(page, 'what-is-chance', ['bound-order', 'same-node']);
  const shown = await score(page);
  const report = await handIn('homework-ada.1815.json');
  writeFileSync(path(home.dir, 'report.json'), JSON.stringify(report));
  const [row] = [report].flat();
  assert.equal(Math.round(row.points * 100) / 100, shown.points, JSON.stringify(row));
  assert.equal(row.of, shown.of);
  assert.deepEqual(row.problems ?? [], []);
  await look('homework-end');
});
