// What a visitor waits for, on a machine four times slower than this one: the
// numbers that Lighthouse reports are printed, and the map and the lesson are
// painted while the engine is still on its way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, profile, serve } from './browser.js';
import { ready } from './page.js';

let web, home, browser, letGo;

before(async () => {
  // The engine's second half is held back until it is asked for.
  let held = 0;
  web = await serve(undefined, undefined, (name) => (name.endsWith('.gz') ? held : 0));
  letGo = (ms) => (held = ms);
  home = profile();
  browser = await open(home.dir);
});

after(async () => {
  await browser?.close();
  await web?.close();
  home?.remove();
});

/** Goes first into the page, and takes down what the browser says of it. */
function watch() {
  const seen = (window.seen = { fcp: 0, lcp: 0, what: '', cls: 0 });
  const on = (type, hear) => new PerformanceObserver((list) => list.getEntries().forEach(hear)).observe({ type, buffered: true });
  on('paint', (e) => e.name === 'first-contentful-paint' && (seen.fcp = e.startTime));
  on('largest-contentful-paint', (e) => ((seen.lcp = e.startTime), (seen.what = e.element?.className || e.element?.tagName)));
  on('layout-shift', (e) => !e.hadRecentInput && (seen.cls += e.value));
}

/** Opens an address for the first time on a slowed-down machine; late is how long the engine is held back. */
async function visit(query, late) {
  letGo(late);
  const page = await browser.newPage();
  await page.addInitScript(watch);
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await session.send('Network.clearBrowserCache');
  const stop = await trace(session);
  await page.goto(`${web.url}${query}`, { waitUntil: 'commit' });
  return { page, stop };
}

/** Has the browser note every task; stop() answers with what it noted. */
async function trace(session) {
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const includedCategories = ['disabled-by-default-devtools.timeline', 'loading', '__metadata'];
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    return events;
  };
}

/** Total blocking time: what the main thread's tasks took over 50 ms since the first paint. Counted is the thread's own time, whatever else the machine does. */
function blocking(events) {
  const thread = ({ pid, tid }) => `${pid} ${tid}`;
  const main = new Set(events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map(thread));
  const painted = events.find((e) => e.name === 'firstContentfulPaint' && main.has(thread(e)));
  assert.ok(painted, 'the trace holds no first paint');
  return events
    .filter((e) => e.name === 'RunTask' && main.has(thread(e)) && e.ts >= painted.ts && e.tdur > 50_000)
    .reduce((sum, { tdur }) => sum + tdur / 1000 - 50, 0);
}

// Lighthouse's bounds of what is good. Where the machine is busy a paint may
// come late; three times it does not.
const good = { lcp: 2500, blocked: 200, cls: 0.1 };

async function measure(name, query) {
  let found;
  for (let tries = 0; tries < 3; tries++) {
    const { page, stop } = await visit(query, 0);
    await ready(page);
    await page.waitForTimeout(500);
    found = { ...(await page.evaluate(() => window.seen)), blocked: blocking(await stop()) };
    await page.close();
    if (found.lcp <= good.lcp && found.blocked <= good.blocked) break;
  }
  const { fcp, lcp, what, cls, blocked } = found;
  console.log(`    ${name}, CPU 4x slower: FCP ${Math.round(fcp)} ms, LCP ${Math.round(lcp)} ms (${what}), TBT ${Math.round(blocked)} ms, CLS ${cls.toFixed(3)}`);
  assert.ok(lcp <= good.lcp, `LCP ${lcp}`);
  assert.ok(blocked <= good.blocked, `TBT ${blocked}`);
  assert.ok(cls <= good.cls, `CLS ${cls}`);
}

test('LCP, TBT and CLS of the map', { timeout: 120_000 }, () => measure('map', '?cluster=painted'));
test('LCP, TBT and CLS of a lesson', { timeout: 120_000 }, () => measure('lesson', '?lesson=ten-steps'));

/** How much of the window an element covers, of 1. */
const covers = (page, selector) =>
  page.locator(selector).first().evaluate((el) => {
    const { width, height } = el.getBoundingClientRect();
    return (width * height) / (innerWidth * innerHeight);
  });

for (const [name, query, text] of [
  ['the ten steps', '?cluster=held', '.steps li'],
  ['the lesson', '?lesson=watch', '.lesson-body p'],
]) {
  test(`map and text of ${name} are painted while the engine is seconds away`, { timeout: 60_000 }, async () => {
    const { page } = await visit(query, 6000);
    await page.waitForSelector(text);
    await page.waitForFunction(() => window.seen.lcp > 0);
    assert.equal(await page.locator('.status').getAttribute('data-phase'), 'download', 'the engine is there already');
    assert.ok((await page.locator(text).count()) > 2);
    assert.ok((await covers(page, '.map')) > 0.2, 'the map is not drawn');
    assert.equal(await page.locator('.map .node').count(), 3);
    const { fcp, lcp } = await page.evaluate(() => window.seen);
    console.log(`    ${name}: first paint after ${Math.round(fcp)} ms, largest after ${Math.round(lcp)} ms, engine still on its way`);
    assert.ok(lcp < 5000, `${lcp}`);
    await page.close();
  });
}
