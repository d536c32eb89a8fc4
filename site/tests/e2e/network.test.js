// The network, through the page: a pod asks a service, and what answers; no
// console line shows it only there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharing } from './browser.js';
import { complaints, dress, picture, sizes } from './look.js';
import { ready, run, running, succeed, visit } from './page.js';

let page, browser;

const problems = sharing(async (its) => {
  ({ page, browser } = its);
  await visit(page, its.web.url);
});

test('a service answers from within pods and from outside, and refuses without pods', { timeout: 90_000 }, async () => {
  await succeed(page, 'kubectl create deployment web --image=nginx --replicas=2');
  await running(page, 2);
  await succeed(page, 'kubectl expose deployment web --port=80 --type=NodePort');
  assert.match(await succeed(page, 'kubectl run tmp --rm -i --image=busybox --restart=Never -- wget -qO- http://web'), /Welcome to nginx!/);
  assert.match(await succeed(page, 'kubectl logs -l app=web --tail=1'), /"GET \/ HTTP\/1\.1" 200/);
  const port = await succeed(page, 'kubectl get service web -o jsonpath={.spec.ports[0].nodePort}');
  assert.match(await succeed(page, `curl -s http://172.18.0.2:${port.trim()}`), /Welcome to nginx!/);
  await succeed(page, 'kubectl run box --image=busybox --command -- sleep 1d');
  await running(page, 3);
  await succeed(page, 'kubectl scale deployment web --replicas=0');
  await running(page, 1);
  const { text, exit } = await run(page, 'kubectl exec box -- wget -qO- http://web');
  assert.match(text, /Connection refused/);
  assert.equal(exit, 1);
  assert.deepEqual(problems, []);
});

// Pods that take three seconds to answer, and no probe that says so.
const hasty = `kubectl apply -f - <<'.'
apiVersion: v1
kind: ConfigMap
metadata: {name: image-catalogue, namespace: kube-system}
data:
  shop: |
    - {image: example.com/shop, serves: [{port: 80, after: 3s, body: "shop {version}"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: 'example.com/shop:1.0'}]}
.`;

/** The revision at which the update began. */
let updated;

/** What the map says of the newest run of requests. */
const tally = () => page.locator('.traffic li').first().locator('.tally').innerText();
const numbers = async () => /(\d+) sent, (\d+) answered, (\d+) lost/.exec(await tally()).slice(1).map(Number);

test('requests are seen to flow, and those that a hasty update loses', { timeout: 120_000 }, async () => {
  await succeed(page, hasty);
  await running(page, 3);
  await succeed(page, 'kubectl expose deployment shop --port=80');
  await page.locator('[data-part="requests"]').focus();
  await page.keyboard.press('Enter');
  const form = page.locator('.hands form');
  await form.locator('option[value="http://shop"]').waitFor({ state: 'attached' });
  await form.getByLabel('To').fill('http://shop');
  await form.getByLabel('Each second').fill('40');
  await form.getByLabel('For seconds').fill('12');
  assert.deepEqual(await complaints(page), []);
  await page.keyboard.press('Enter');
  await form.waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement?.dataset.part === 'requests');
  await page.waitForSelector('[data-way="answered"]', { state: 'attached', timeout: 20_000 });
  await succeed(page, 'kubectl set image deployment/shop shop=example.com/shop:1.1');
  updated = (await succeed(page, 'kubectl get deployment shop -o jsonpath={.metadata.resourceVersion}')).trim();
  await page.waitForSelector('[data-way="lost"]', { state: 'attached', timeout: 20_000 });
  await page.click('button[data-act="pause"]');
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await page.setViewportSize({ width, height });
    for (const [language, theme] of [['zh-cn', 'dark'], ['en', 'light']]) {
      await dress(page, language, theme);
      await page.locator('.traffic').evaluate((el) => el.scrollIntoView({ block: 'center' }));
      await picture(page, `requests-${size}-${theme}-${language}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${size}: too wide`);
      assert.deepEqual(await complaints(page), [], `${size} ${language}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  const [sent, answered, lost] = await numbers();
  assert.ok(lost > 0 && sent === answered + lost, `${sent} = ${answered} + ${lost}`);
  await page.click('button[data-act="play"]');
  await page.waitForFunction(() => document.querySelector('.traffic')?.textContent.includes('480 sent'), undefined, { timeout: 60_000 });
  await page.waitForSelector('[data-way]', { state: 'detached' });
});

test('a past has the requests of then, and a shared link those of the session', { timeout: 120_000 }, async () => {
  const [sent] = await numbers();
  await page.locator('.band input').fill(updated);
  await page.waitForSelector('.banner');
  await page.waitForSelector('[data-way]', { state: 'attached', timeout: 20_000 });
  const [then] = await numbers();
  assert.ok(then > 0 && then < sent, `${then} of ${sent} had been sent`);
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.waitForFunction((n) => document.querySelector('.traffic')?.textContent.includes(`${n} sent`), sent);

  await page.click('.share-open');
  const link = await page.locator('#share-link').inputValue();
  await page.keyboard.press('Escape');
  const other = await browser.newPage();
  await other.goto(link);
  await ready(other);
  await other.waitForFunction((n) => document.querySelector('.traffic')?.textContent.includes(`${n} sent`), sent, { timeout: 20_000 });
  await other.close();
  assert.deepEqual(problems, []);
});
