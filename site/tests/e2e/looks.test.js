// Every view, in both languages and both themes, on a laptop, a tablet and a
// phone: accessible, within its width, and with a picture to look at (SHOTS
// says where).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, profile, serve } from './browser.js';
import { dress, look as shoot, picture, sizes } from './look.js';
import { running, succeed, visit } from './page.js';

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

const look = (name) => shoot(page, name);

test('before the engine: map, intro and progress are there, typing waits', { timeout: 60_000 }, async () => {
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  await page.route('**/*.gz', async (route) => {
    await held;
    await route.continue();
  });
  // What a shared worker fetches cannot be held up from here.
  await page.goto(`${web.url}?speed=once&worker=dedicated`);
  assert.equal(await page.locator('.steps li').count(), 10);
  assert.equal(await page.locator('.map .badge').count(), 16);
  await page.waitForSelector('.status:has-text("Fetching the control plane")');
  await page.fill('#command', 'kubectl get nodes -o name');
  await page.press('#command', 'Enter');
  await page.waitForSelector('.block[data-state="queued"] .note:has-text("as soon as")');
  await look('rest-wide-light-en');
  letGo();
  await page.waitForSelector('.block[data-state="done"] pre.out', { timeout: 60_000 });
  assert.equal(await page.locator('.block pre.out').textContent(), 'node/node-1\nnode/node-2\nnode/node-3\n');
  await page.unroute('**/*.gz');
});

test('download progress is told in bytes', { timeout: 60_000 }, async () => {
  const slow = await serve('/slow/', undefined, (name) => (name.endsWith('.gz') ? 2000 : 0));
  await page.goto(`${slow.url}?speed=once`);
  const told = await page.waitForFunction(
    () => /of \d+\.\d MB/.exec(document.querySelector('.status-text')?.textContent ?? '')?.[0],
    undefined,
    { polling: 5 },
  );
  assert.match(await told.jsonValue(), /of \d+\.\d MB/);
  await slow.close();
});

test('with three pods: every size, language and theme', { timeout: 300_000 }, async () => {
  await visit(page, web.url);
  await succeed(page, 'kubectl create deployment web --image=nginx');
  await succeed(page, 'kubectl scale deployment web --replicas=3');
  await running(page, 3);
  await succeed(page, 'kubectl get pods -o wide');
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await page.setViewportSize({ width, height });
    for (const [language, theme] of [['en', 'light'], ['zh-cn', 'dark'], ['en', 'dark'], ['zh-cn', 'light']]) {
      await dress(page, language, theme);
      await look(`run-${size}-${theme}-${language}`);
      if (size !== 'phone') continue;
      for (const tab of [1, 2]) {
        await page.locator('.tabs button').nth(tab).click();
        await look(`run-${size}-${theme}-${language}-${tab === 1 ? 'console' : 'writes'}`);
      }
      await page.locator('.tabs button').nth(0).click();
    }
  }
  await page.selectOption('.header .choices .choice:not(.theme) select', 'zh-cn');
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  assert.match(await page.title(), /浏览器标签页里的 Kubernetes/);
  await page.selectOption('.header .choices .choice:not(.theme) select', 'en');
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('a component’s panel, a selected write and the editor are accessible', { timeout: 60_000 }, async () => {
  await page.locator('[data-part="replicaset-controller"]').click();
  await page.locator('.hands').waitFor();
  await look('hands-wide');
  await page.keyboard.press('Escape');
  await page.locator('.entry .jump').first().click();
  await look('selected-wide');
  await page.fill('#command', 'kubectl edit deployment web');
  await page.press('#command', 'Enter');
  await page.locator('dialog.editor').waitFor();
  await look('editor-wide');
  const text = page.locator('dialog.editor textarea');
  await text.fill((await text.inputValue()).replace('replicas: 3', 'replicas: 2'));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForSelector('pre.out:has-text("deployment.apps/web edited")');
  await running(page, 2);
});

test('the homework in the middle of its run', { timeout: 60_000 }, async () => {
  await succeed(page, 'kubectl scale deployment web --replicas=1');
  await running(page, 1);
  await page.locator('.time button[data-act="pause"]').click();
  await page.waitForSelector('.time button[data-act="play"]');
  await page.fill('#command', 'kubectl scale deployment web --replicas=3');
  await page.press('#command', 'Enter');
  const told = page.locator('.map .badge[data-lit="now"]', { hasText: /^8$/ });
  for (let i = 0; i < 300 && (await told.count()) === 0; i++) {
    await page.locator('.time button[data-act="step"]').click();
    await page.waitForTimeout(30);
  }
  assert.equal(await told.count(), 1);
  await look('homework-wide');
  await page.locator('.time button[data-act="play"]').click();
  await running(page, 3);
});

test('at 320 pixels, as at four times the size, nothing needs scrolling sideways', { timeout: 60_000 }, async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const tab of [0, 1, 2]) {
    await page.locator('.tabs button').nth(tab).click();
    await look(`narrow-${tab}`);
  }
  await page.locator('.tabs button').nth(0).click();
  await page.locator('[data-part="kubelet/node-1"]').click();
  await look('narrow-hands');
  await page.keyboard.press('Escape');
  // Twice the size on a laptop.
  await page.setViewportSize({ width: 720, height: 450 });
  await look('twice');
  await page.setViewportSize({ width: 1440, height: 900 });
});

test('in forced colours everything can still be told apart', { timeout: 60_000 }, async () => {
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' });
  await page.locator('.entry .jump').first().click();
  await page.locator('[data-part="scheduler"]').click();
  await page.getByRole('button', { name: 'Hold' }).click();
  await page.waitForSelector('[data-part="scheduler"][data-condition="held"]');
  await picture(page, 'forced-colours'); // axe takes the page's own colours for those that are seen
  // What is lit or done has an edge of its own there, since backgrounds are gone.
  const edge = (selector) => page.locator(selector).first().evaluate((el) => getComputedStyle(el).borderStyle);
  assert.equal(await edge('[data-part="scheduler"]'), 'dashed');
  assert.notEqual(await edge('.badge[data-lit="done"]'), await edge('.badge[data-lit="rest"]'));
  await page.getByRole('button', { name: 'Let go on' }).click();
  await page.keyboard.press('Escape');
  await page.emulateMedia({ forcedColors: null, colorScheme: null });
});

test('twelve nodes fold to tiles', { timeout: 60_000 }, async () => {
  const other = profile();
  const many = await open(other.dir);
  try {
    page = many.pages()[0];
    await visit(page, web.url, '?speed=once&nodes=12');
    await succeed(page, 'kubectl create deployment web --image=nginx --replicas=120');
    await page.waitForSelector('.thing[data-actor="deployment"]:has-text("120/120")', { timeout: 30_000 });
    await look('many-wide');
    await page.setViewportSize({ width: 390, height: 844 });
    await look('many-phone');
  } finally {
    await many.close();
    other.remove();
  }
});
