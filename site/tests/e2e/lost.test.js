// Engines that are gone, or might as well be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ready, run, succeed } from './page.js';
import { crash, threeTabs } from './tabs.js';
import { create, maps } from './three.js';

test('a line whose answer died with the engine is reported as such', { timeout: 90_000 }, async () => {
  const three = await threeTabs('dedicated', 2);
  try {
    const [leader, other] = three.tabs;
    await other.fill('#command', 'kubectl get pods --watch');
    await other.press('#command', 'Enter');
    await other.waitForSelector('.block[data-state="running"]');
    await crash(leader);
    const block = other.locator('.block').first();
    await block.getByText('ended before it answered').waitFor();
    assert.equal(await block.getAttribute('data-exit'), '1');
    await ready(other);
    assert.equal((await run(other, 'kubectl get nodes -o name')).exit, 0);
  } finally {
    await three.close();
  }
});

test('an engine that answers nothing any more is replaced', { timeout: 120_000 }, async () => {
  const three = await threeTabs('dedicated', 2);
  try {
    const [leader, other] = three.tabs;
    await create(other, 'kept');
    leader.workers()[0].evaluate(() => {
      for (;;);
    }).catch(() => {});
    // The next engine may be there before anyone has looked.
    await other.waitForFunction(() => performance.getEntriesByName('tabernetes:lost').length > 0, null, { timeout: 60_000 });
    await ready(other);
    assert.equal(await succeed(other, maps), 'configmap/kept\n');
  } finally {
    await three.close();
  }
});
