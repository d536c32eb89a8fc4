// Three tabs on one cluster: every tab shows and drives it, and closing or
// killing tabs loses nothing that was answered.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ready, run, running, succeed, visit } from './page.js';
import { alive, crash, renderers, threeTabs } from './tabs.js';

/** What the tabs have made, by name. */
export const maps = 'kubectl get configmaps -l tab -o name';

/** Makes something that survives() finds again. */
export async function create(tab, name) {
  await succeed(tab, `kubectl create configmap ${name} --from-literal=a=b`);
  await succeed(tab, `kubectl label configmap ${name} tab=yes`);
}

/** Asks anew when the answer died with the engine, as the page says that it may. */
async function ask(tab, line) {
  for (let tries = 0; ; tries++) {
    await ready(tab);
    const { text, exit } = await run(tab, line);
    const lost = await tab.locator('.block').last().getByText('ended before it answered').count();
    if (lost && tries < 3) continue;
    assert.equal(exit, 0, `${line}: ${text}`);
    return text;
  }
}

/** Waits until all tabs show the same revision as saved. */
async function agree(tabs) {
  for (let tries = 0; tries < 100; tries++) {
    const shown = await Promise.all(tabs.map((tab) => tab.locator('.saved').innerText()));
    if (/\d/.test(shown[0]) && shown.every((text) => text === shown[0])) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('the tabs never show the same revision');
}

/** The tests of three tabs with a shared worker, or each with a dedicated one. */
export function three(how) {
  describe(`three tabs, ${how} worker`, () => {
    let home, a, b, c;
    const answered = [];

    before(async () => {
      home = await threeTabs(how);
      [a, b, c] = home.tabs;
    });
    after(() => home?.close());

    const survives = async (tab) => {
      const found = (await ask(tab, maps)).split('\n').filter(Boolean);
      assert.deepEqual(found, answered.map((name) => `configmap/${name}`).sort());
    };

    test('what one does the others show', { timeout: 90_000 }, async () => {
      await succeed(a, 'kubectl create deployment web --image=nginx --replicas=2');
      for (const tab of [a, b, c]) await running(tab, 2);
      await succeed(b, 'kubectl scale deployment web --replicas=4');
      for (const tab of [a, b, c]) await running(tab, 4);
      await agree([a, b, c]);
      for (const tab of [a, b, c]) assert.equal(await tab.locator('.notice').count(), 0);
    });

    test('lines of three consoles at once do not get mixed up', { timeout: 90_000 }, async () => {
      const texts = await Promise.all(
        [a, b, c].map(async (tab, i) => {
          const out = [];
          for (let n = 0; n < 4; n++) {
            await create(tab, `t${i}-${n}`);
            out.push(await succeed(tab, `kubectl get configmap t${i}-${n} -o name`));
          }
          return out;
        }),
      );
      texts.forEach((out, i) => assert.deepEqual(out, [0, 1, 2, 3].map((n) => `configmap/t${i}-${n}\n`)));
      for (const i of [0, 1, 2]) for (const n of [0, 1, 2, 3]) answered.push(`t${i}-${n}`);
      await survives(c);
    });

    test('paused in one tab is paused in all', { timeout: 60_000 }, async () => {
      const pressed = (tab, name) => tab.getByRole('button', { name, exact: true });
      await pressed(b, 'Pause').click();
      for (const tab of [a, b, c]) await pressed(tab, 'Play').waitFor();
      await pressed(c, 'Play').click();
      for (const tab of [a, b, c]) await pressed(tab, 'Pause').waitFor();
    });

    test('a tab that comes later sees what has happened', { timeout: 60_000 }, async () => {
      const late = await home.another();
      await visit(late, home.url, home.query);
      await running(late, 4);
      await late.locator('.entry', { hasText: 'You created ConfigMap t0-0' }).waitFor({ state: 'attached' });
      await late.close();
    });

    test('closing the tab that came first', { timeout: 90_000 }, async () => {
      await a.close();
      for (const tab of [b, c]) await survives(tab);
      await create(b, 'after-close');
      answered.push('after-close');
      await survives(c);
      a = await home.another();
      await visit(a, home.url, home.query);
      await survives(a);
    });

    test('killing tabs one after the other', { timeout: 180_000 }, async () => {
      for (let i = 0; i < 3; i++) {
        const tabs = [a, b, c];
        // Who led, or held the shared worker, is among them in turn.
        const victim = tabs[(i + 1) % 3];
        await create(victim, `before-kill-${i}`);
        answered.push(`before-kill-${i}`);
        await crash(victim);
        for (const tab of tabs) {
          if (tab !== victim && (await alive(tab))) await survives(tab);
        }
        // Tabs may share a process: those that died with it are opened anew.
        for (const [k, tab] of tabs.entries()) {
          if (tab !== victim && (await alive(tab))) continue;
          await tab.close();
          tabs[k] = await home.another();
          await visit(tabs[k], home.url, home.query);
        }
        [a, b, c] = tabs;
        for (const tab of tabs) await survives(tab);
      }
    });

    test('killing every process that draws pages or hosts the engine in turn', { timeout: 240_000 }, async () => {
      let noticed = 0;
      for (const id of renderers(home.dir)) {
        const tabs = [a, b, c];
        await create(a, `before-${id}`);
        answered.push(`before-${id}`);
        process.kill(id, 'SIGKILL');
        for (const [k, tab] of tabs.entries()) {
          if (await alive(tab)) continue;
          await tab.close();
          tabs[k] = await home.another();
          await visit(tabs[k], home.url, home.query);
        }
        for (const tab of tabs) {
          await survives(tab);
          noticed += await tab.evaluate(() => performance.getEntriesByName('tabernetes:lost').length);
        }
        [a, b, c] = tabs;
      }
      assert.ok(noticed > 0, 'no tab has outlived its engine: this test has shown nothing');
    });

    test('deleting the cluster in one tab begins anew in all', { timeout: 90_000 }, async () => {
      b.once('dialog', (dialog) => dialog.accept());
      await b.getByRole('button', { name: 'Storage' }).click();
      await b.getByRole('button', { name: 'Delete cluster' }).click();
      for (const tab of [a, b, c]) {
        await running(tab, 0);
        await ready(tab);
      }
      answered.length = 0;
      await create(a, 'new');
      answered.push('new');
      for (const tab of [a, b, c]) await survives(tab);
    });
  });
}
