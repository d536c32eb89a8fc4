// The lessons in the page: one from start to end, the homework to the file that
// is handed in and graded natively, one by keyboard alone, and every state with
// axe and a picture (SHOTS says where).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join as path } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open, profile, serve } from './browser.js';
import { check, choose, join, next, order, press, score, stands, study, submit, write } from './learner.js';
import { look as shoot } from './look.js';
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

const look = (name, where = page) => shoot(where, `lesson-${name}`);

/** Waits until a command stands in the console, to be run with Enter. */
function written(command) {
  return page.waitForFunction((c) => document.activeElement.id === 'command' && document.activeElement.value === c, command);
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
  await page.waitForSelector('.status:has-text("Fetching the control plane")');
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
  await written('kubectl get deployments,replicasets,pods');
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
  await page.locator('.hint').waitFor();
  assert.equal(await page.locator('.hint').count(), 1);
  await order(page, 'in-order', ['post', 'replicaset', 'pod', 'choose', 'bind', 'told', 'pull', 'run']);
  await look('ordering');
  await submit(page, 'in-order', 'passed');
  assert.deepEqual(await score(page), { points: 13, of: 13 });
  assert.match(await page.locator('.end').innerText(), /All 13 points/);
  assert.equal(await page.locator('.lesson nav button[data-done="true"]').count(), 5);
  await look('end');
});

test('a lesson under way goes by a link, and touches nothing of whoever opens it', { timeout: 60_000 }, async () => {
  await page.click('.share-open');
  const link = await page.locator('#share-link').inputValue();
  await page.keyboard.press('Escape');
  assert.match(link, /lesson=ten-steps#lesson=/);
  const own = () => page.evaluate(() => [localStorage.getItem('tabernetes.progress'), JSON.parse(localStorage.getItem('tabernetes.lesson.ten-steps')).step]);
  const before = await own();
  const other = await browser.newPage();
  await other.goto(link);
  await ready(other);
  await other.waitForSelector('.lesson .score:has-text("13 / 13")');
  await other.waitForSelector('.shared:has-text("shared with you")');
  await look('shared', other);
  await other.locator('.turn button').first().click();
  await succeed(other, 'kubectl delete deployment web');

  // What cannot be had again says so, and begins anew.
  await other.goto(link.slice(0, -60));
  await other.waitForSelector('.lesson .told:has-text("could not go on")', { timeout: 30_000 });
  await other.close();
  assert.deepEqual(await own(), before);
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
  // What was put wrongly can be dragged to its place, and its causes go with it.
  const listed = () => page.locator('.predict .sortable > li').evaluateAll((all) => all.map((li) => li.dataset.item));
  const before = await listed();
  await page.locator('[data-item="set-noticed"]').dragTo(page.locator('[data-item="pod-created/1"]'), { sourcePosition: { x: 6, y: 8 } });
  await page.waitForFunction((was) => [...document.querySelectorAll('.predict .sortable > li')].map((li) => li.dataset.item).join() !== was, before.join());
  const after = await listed();
  assert.ok(after.indexOf('set-noticed') < after.indexOf('pod-created/2'), String(after));
  assert.deepEqual([...after].sort(), [...before].sort());
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
  const [row] = [report].flat();
  assert.equal(Math.round(row.points * 100) / 100, shown.points, JSON.stringify(row));
  assert.equal(row.of, shown.of);
  assert.deepEqual(row.problems ?? [], []);
  await look('homework-end');
});

const sizes = { wide: [1440, 900], tablet: [1024, 768], phone: [390, 844] };

test('every step of the homework, every size, light and dark, both languages', { timeout: 240_000 }, async () => {
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await page.setViewportSize({ width, height });
    for (const [language, theme] of [['en', 'light'], ['zh-cn', 'dark']]) {
      await page.selectOption('.header .choice:not(.theme) select', language);
      await page.selectOption('.header .theme select', theme);
      await page.locator('#lesson-title').filter({ hasText: language === 'en' ? 'The homework' : '作业' }).waitFor();
      for (const step of [0, 1, 2]) {
        await page.locator('.lesson nav button').nth(step).click();
        await look(`homework-${step + 1}-${size}-${theme}-${language}`);
      }
    }
  }
  await page.selectOption('.header .choice:not(.theme) select', 'en');
  await page.selectOption('.header .theme select', 'light');
  await page.setViewportSize({ width: 1440, height: 900 });
});

/** Goes with the Tab key to what matches. */
async function tabTo(selector) {
  for (let i = 0; i < 500; i++) {
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the Tab key does not lead to ${selector}`);
}

/** Presses a key until the focused field has the value. */
async function until(value, key) {
  for (let i = 0; i < 30; i++) {
    if ((await page.evaluate(() => document.activeElement.value)) === value) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} does not lead to ${value}`);
}

const keys = {
  async press(selector) {
    await tabTo(selector);
    await page.keyboard.press('Enter');
  },
  async submit(id) {
    await keys.press(`[data-check="${id}"] .question > button`);
    await stands(page, id, 'passed');
  },
  async choose(id, option) {
    await tabTo(`[data-check="${id}"] input[type="radio"]`);
    await page.keyboard.press('Space');
    await until(option, 'ArrowDown');
    await keys.submit(id);
  },
};

test('a whole lesson by keyboard alone', { timeout: 240_000 }, async () => {
  await study(page, web.url, 'ten-steps');
  await ready(page);
  await stands(page, 'in-order', 'passed');
  page.once('dialog', (sure) => sure.accept());
  await keys.press('.end .acts .link');
  await page.waitForFunction(() => /^0 \//.test(document.querySelector('.lesson .score')?.textContent ?? ''));
  assert.equal(await page.locator('.block').count(), 0, 'the console begins anew too');

  await keys.press('.command button.primary');
  await stands(page, 'web-created', 'passed');
  await page.waitForFunction(() => /^✓ /.test(document.querySelector('.lesson [role=status] span').textContent));
  await keys.choose('who-writes', 'api-server');
  await keys.press('.turn .next');

  for (const [left, right] of [['deployment', 'kubectl'], ['replicaset', 'deployment-controller'], ['pod', 'replicaset-controller']]) {
    await tabTo(`[data-left="${left}"]`);
    await until(right, 'ArrowDown');
  }
  await keys.submit('who-makes-what');
  await keys.choose('how-told', 'watch');
  await keys.press('.turn .next');

  await keys.press('.command button.write');
  await written('kubectl get pods -o wide');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.block pre.out');
  await tabTo('[data-check="which-node"] .short');
  await page.keyboard.type(/node-\d/.exec(await page.locator('.block pre.out').last().textContent())[0]);
  await page.keyboard.press('Enter');
  await stands(page, 'which-node', 'passed');
  await keys.choose('what-binding-does', 'writes-node');
  await keys.press('.turn .next');

  await stands(page, 'web-available', 'passed');
  await keys.choose('when-pulled', 'when-missing');
  await keys.press('.turn .next');

  const items = ['post', 'replicaset', 'pod', 'choose', 'bind', 'told', 'pull', 'run'];
  await page.waitForSelector('.sortable > li');
  const list = () => page.locator('.sortable > li').evaluateAll((all) => all.map((li) => li.dataset.item));
  for (const [to, item] of items.entries()) {
    let at = (await list()).indexOf(item);
    if (at > to) await tabTo(`[data-item="${item}"] [data-by="-1"]`);
    for (; at > to; at--) {
      await page.keyboard.press('Enter'); // the button keeps the focus while its item moves
      await page.locator(`.sortable > li:nth-child(${at})[data-item="${item}"]`).waitFor();
      await page.waitForFunction((i) => document.activeElement.closest('[data-item]')?.dataset.item === i, item);
    }
  }
  await keys.submit('in-order');
  assert.deepEqual(await score(page), { points: 13, of: 13 });
});

test('progress leaves as a file, comes back, and is not passed off as that of a changed lesson', { timeout: 120_000 }, async () => {
  await page.goto(`${web.url}?course`);
  const dialog = page.locator('dialog.course');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Export progress' }).click(),
  ]);
  const file = path(home.dir, 'progress.json');
  await download.saveAs(file);
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  assert.match(await dialog.locator('li').first().innerText(), /Not begun/);
  const wrong = path(home.dir, 'wrong.json');
  writeFileSync(wrong, '{"format":"something else"}');
  await dialog.getByLabel('Import progress').setInputFiles(wrong);
  await dialog.getByText('wrong.json holds no progress of this course.').waitFor();
  await dialog.getByLabel('Import progress').setInputFiles(file);
  await dialog.getByText('Your progress was taken in.').waitFor();
  assert.match(await dialog.locator('li').first().innerText(), /Done, 13 points/);

  await study(page, web.url, 'ten-steps');
  await stands(page, 'in-order', 'passed'); // the work came along
  // A lesson whose content was another when this was done.
  await page.goto(`${web.url}?course`); // where no engine of the lesson writes
  await page.evaluate(() => {
    const { hash } = JSON.parse(localStorage.getItem('tabernetes.lesson.ten-steps'));
    for (const key of ['tabernetes.progress', 'tabernetes.lesson.ten-steps']) {
      localStorage.setItem(key, localStorage.getItem(key).replaceAll(hash, 'ffff'));
    }
  });
  await page.reload();
  assert.match(await dialog.locator('li').first().innerText(), /Changed since you did it \(then 13 of 13\)/);
  await study(page, web.url, 'ten-steps');
  await ready(page);
  assert.match(await page.locator('.lesson .told').innerText(), /has changed since you worked on it.*13 of 13/);
  assert.deepEqual(await score(page), { points: 0, of: 13 });
});
