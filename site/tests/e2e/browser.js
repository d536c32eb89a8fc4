// What the end-to-end tests share: the built page on a server of its own, and
// Chromium with a profile that outlives its process.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { server } from '../../scripts/serve.js';

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function executable() {
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('these tests need Chromium: install it, or say where it is with CHROMIUM=/path');
  return found;
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Serves the built page; every path under base, as a host of static files would. */
export async function serve(base = '/some/path/', change = undefined, pause = undefined) {
  const web = server(base, change, pause);
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address();
  return { url: `http://127.0.0.1:${port}${base}`, close: () => closed(web) };
}

/** Ends a server, and the connections that browsers keep to it. */
export function closed(web) {
  web.closeAllConnections();
  return new Promise((resolve) => web.close(() => resolve()));
}

/** A folder for a browser's profile, removed by remove(). */
export function profile() {
  const dir = mkdtempSync(join(tmpdir(), 'tabernetes-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) };
}

/** Starts Chromium with a profile. A page that is kept for offline would not ask the host again, so it is kept only where a test says so. */
export function open(dir, options = {}) {
  return chromium.launchPersistentContext(dir, {
    executablePath: executable(),
    headless: true,
    args: flags,
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    serviceWorkers: 'block',
    ...options,
  });
}

/**
 * Has all tests of a file share one browser with one page. take is given them before the first test; what goes wrong in
 * the page is added to the list that is returned.
 */
export function sharing(take) {
  const problems = [];
  let web, home, browser;
  before(async () => {
    web = await serve();
    home = profile();
    browser = await open(home.dir);
    const page = browser.pages()[0];
    page.on('pageerror', (err) => problems.push(String(err)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await take({ page, browser, web });
  });
  after(async () => {
    await browser?.close();
    await web?.close();
    home?.remove();
  });
  return problems;
}

/** Ends a browser as a crash would: no one in it gets to say goodbye. */
export function kill(dir) {
  const found = spawnSync('pgrep', ['-f', `user-data-dir=${dir}( |$)`], { encoding: 'utf8' });
  const ids = found.stdout.split('\n').filter(Boolean).map(Number);
  if (ids.length === 0) throw new Error(`no browser with the profile ${dir} is running`);
  for (const id of ids) {
    try {
      process.kill(id, 'SIGKILL');
    } catch (err) {
      if (err.code !== 'ESRCH') throw err;
    }
  }
}
