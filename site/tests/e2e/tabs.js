// Several tabs of one browser, and how one of them dies.
import { readdirSync, readFileSync } from 'node:fs';
import { open, profile, serve } from './browser.js';
import { visit } from './page.js';

/** A browser with three tabs of the page in it; how is 'shared' or 'dedicated'. */
export async function threeTabs(how, count = 3) {
  const web = await serve();
  const home = profile();
  const browser = await open(home.dir);
  const close = async () => {
    await browser.close().catch(() => {});
    await web.close();
    home.remove();
  };
  const query = `?speed=once&worker=${how}`;
  try {
    const tabs = [browser.pages()[0]];
    while (tabs.length < count) tabs.push(await browser.newPage());
    for (const tab of tabs) await visit(tab, web.url, query);
    return { browser, tabs, close, url: web.url, query, dir: home.dir, another: () => browser.newPage() };
  } catch (err) {
    await close();
    throw err;
  }
}

/** Ends the process that draws a tab, as a crash would; resolves when the browser has noticed. */
export async function crash(tab) {
  const crashed = new Promise((resolve) => tab.once('crash', resolve));
  const cdp = await tab.context().newCDPSession(tab);
  cdp.send('Page.crash').catch(() => {});
  await crashed;
}

/** The processes that draw pages in the browser with a profile: its own workers live in them too. */
export function renderers(dir) {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .filter((id) => {
      try {
        const line = readFileSync(`/proc/${id}/cmdline`, 'utf8');
        return line.includes('--type=renderer') && !line.includes('--top-chrome-webui') && line.includes(`user-data-dir=${dir}`);
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

/** Whether a page still draws and answers. */
export async function alive(tab) {
  return Promise.race([
    tab.evaluate(() => true).catch(() => false),
    new Promise((resolve) => setTimeout(() => resolve(false), 2000)),
  ]);
}
