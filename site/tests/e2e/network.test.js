// The network, through the page: a pod asks a service, and what answers; no
// console line shows it only there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, profile, serve } from './browser.js';
import { run, running, succeed, visit } from './page.js';

let web, home, browser, page;
const problems = [];

before(async () => {
  web = await serve();
  home = profile();
  browser = await open(home.dir);
  page = browser.pages()[0];
  page.on('pageerror', (err) => problems.push(String(err)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await visit(page, web.url);
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
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
