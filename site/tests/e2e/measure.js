// How long things take in the tab, in milliseconds.
import { ready, succeed, visit } from './page.js';

/** Deletes the cluster from outside, so that the next visit is a first one with a warm cache. */
async function forget(page, url) {
  await page.goto(`${url}icon.svg`);
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase('tabernetes');
        request.onsuccess = resolve;
        request.onerror = reject;
      }),
  );
}

/** From the start of the page until the control plane is there and until a pod runs; the command is given as soon as the page is drawn. */
export async function firstPod(page, url) {
  await forget(page, url);
  await page.goto(`${url}?speed=once`, { waitUntil: 'commit' });
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        let typed = false;
        const look = () => {
          const suggestion = document.querySelector('.try button');
          if (suggestion && !typed) {
            typed = true;
            suggestion.click();
          }
          if (!document.querySelector('.pod[data-look="running"]')) return;
          observer.disconnect();
          resolve({ running: performance.now(), ready: performance.getEntriesByName('tabernetes:ready')[0].startTime });
        };
        const observer = new MutationObserver(look);
        observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true });
        look();
      }),
  );
}

/** The median of several first pods, by the time until it runs. */
export async function medianFirstPod(page, url, times) {
  await visit(page, url); // warms the cache
  const runs = [];
  for (let i = 0; i < times; i++) runs.push(await firstPod(page, url));
  return runs.sort((a, b) => a.running - b.running)[Math.floor(times / 2)];
}

/** From one pod to many on so many nodes, all running; with the main thread's tasks of over 50 ms. */
export async function scale(page, url, pods, nodes) {
  await forget(page, url);
  await page.goto(`${url}?speed=once&nodes=${nodes}`);
  await ready(page);
  await succeed(page, 'kubectl create deployment web --image=nginx');
  await page.waitForSelector('.thing:has-text("1/1")');
  return page.evaluate(
    (n) =>
      new Promise((resolve) => {
        const long = [];
        new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => Math.round(e.duration)))).observe({ type: 'longtask' });
        const start = performance.now();
        const field = document.querySelector('#command');
        field.value = `kubectl scale deployment web --replicas=${n}`;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        setTimeout(() => field.form.requestSubmit());
        const observer = new MutationObserver(() => {
          if (!document.querySelector('.thing[data-actor="replicaset"]')?.textContent.includes(`${n}/${n}`)) return;
          observer.disconnect();
          resolve({ took: performance.now() - start, long });
        });
        observer.observe(document.querySelector('.map'), { subtree: true, childList: true, characterData: true });
      }),
    pods,
  );
}

const workload = (kind, name, image, spec) =>
  `---\n{apiVersion: apps/v1, kind: ${kind}, metadata: {name: ${name}}, spec: {${spec}selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: c, image: ${image}}]}}}}\n`;

/** A hundred times weight pods on 100 nodes, a fifth of them of DaemonSets, a fifth of StatefulSets, the others of Deployments: from the command until all are ready. */
export async function mixed(page, url, weight) {
  await forget(page, url);
  await page.goto(`${url}?speed=once&nodes=100`);
  await ready(page);
  const fifth = weight / 5;
  const each = (n, make) => Array.from({ length: n }, (_, i) => make(i)).join('');
  const manifest =
    each(fifth, (i) => workload('DaemonSet', `agent-${i}`, 'redis', '')) +
    each(2 * fifth, (i) => workload('StatefulSet', `db-${i}`, 'redis', 'replicas: 50, podManagementPolicy: Parallel, serviceName: db, ')) +
    each(3 * fifth, (i) => workload('Deployment', `web-${i}`, 'nginx', 'replicas: 100, '));
  const start = performance.now();
  await succeed(page, `kubectl create -f - <<'EOF'\n${manifest}EOF`, 1_200_000);
  for (const [kind, field, n] of [
    ['deployments', 'readyReplicas', 100],
    ['statefulsets', 'readyReplicas', 50],
    ['daemonsets', 'numberReady', 100],
  ]) {
    await succeed(page, `kubectl wait --for=jsonpath={.status.${field}}=${n} ${kind} --all --timeout=30m`, 1_200_000);
  }
  return performance.now() - start;
}

export const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
