// How a learner does things on the page.
import assert from 'node:assert/strict';

const patience = 60_000;

/** Opens the page and waits until the control plane is there. */
export async function visit(page, url, query = '?speed=once') {
  await page.goto(url + query);
  await ready(page);
}

export async function ready(page) {
  await page.waitForSelector('.status[data-phase="ready"]', { timeout: patience });
}

/** Types a line, runs it, waits for its end (so many milliseconds at most) and returns what it printed. */
export async function run(page, line, within = patience) {
  const before = await page.evaluate(() => Number([...document.querySelectorAll('.block')].at(-1)?.dataset.line ?? 0));
  await page.fill('#command', line);
  await page.press('#command', 'Enter');
  const typed = await page.waitForFunction(
    (n) => {
      const block = [...document.querySelectorAll('.block')].find((b) => Number(b.dataset.line) > n);
      return block?.dataset.state === 'done' && block.dataset.line;
    },
    before,
    { timeout: within },
  );
  const block = page.locator(`.block[data-line="${await typed.jsonValue()}"]`);
  return { text: (await block.locator('pre:not(.typed)').allTextContents()).join(''), exit: Number(await block.getAttribute('data-exit')) };
}

/** Runs a line that must succeed. */
export async function succeed(page, line, within = patience) {
  const { text, exit } = await run(page, line, within);
  assert.equal(exit, 0, `${line}: ${text}`);
  return text;
}

/** Waits until so many pods are shown as running. */
export async function running(page, n) {
  await page.waitForFunction((want) => document.querySelectorAll('.pod[data-look="running"]').length === want, n, {
    timeout: patience,
  });
}
