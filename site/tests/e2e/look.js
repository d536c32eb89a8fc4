// Looks at the page: accessible, within its width, and with a picture to look
// at (SHOTS says where).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.SHOTS;

export const sizes = { wide: [1440, 900], laptop: [1366, 650], tablet: [1024, 768], phone: [390, 844] };

/** What axe has against the page as it is now. */
export async function complaints(page) {
  // The page's policy allows no inline script, so axe comes in as the debugger's guest.
  const session = await page.context().newCDPSession(page);
  const { result: there } = await session.send('Runtime.evaluate', { expression: 'typeof axe' });
  if (there.value === 'undefined') await session.send('Runtime.evaluate', { expression: axe });
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
      .then((r) => JSON.stringify(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 160)).join(' | '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  assert.equal(exceptionDetails, undefined);
  return JSON.parse(result.value);
}

/** Waits until what has changed is drawn and has stopped moving. */
export async function settled(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    await frame();
    await Promise.allSettled(document.getAnimations().map((motion) => motion.finished));
    await frame();
  });
}

/** Takes a picture. */
export async function picture(page, name) {
  await settled(page);
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Takes a picture and holds the page to what every view must be. */
export async function look(page, name) {
  await picture(page, name);
  const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(fits, `${name}: the page is wider than the window`);
  assert.deepEqual(await complaints(page), [], name);
}

/** The page's language and theme. */
export async function dress(page, language, theme) {
  await page.selectOption('.header .choices .choice:not(.theme) select', language);
  await page.selectOption('.header .theme select', theme);
}

/** Looks at a view in several sizes, light in English and dark in Chinese. before is called for each size. */
export async function looks(page, name, among, before = async () => {}) {
  for (const [size, [width, height]] of Object.entries(among)) {
    await page.setViewportSize({ width, height });
    await before(size);
    for (const [language, theme] of [['zh-cn', 'dark'], ['en', 'light']]) {
      await dress(page, language, theme);
      await look(page, `${name}-${size}-${theme}-${language}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
