// Prints what the page weighs and fails above the budget: all that one visitor
// may load, in the longer of the languages. Counted apart are the editor, which
// is fetched when an object is edited, and embed.js, which other pages load.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET = 70_000; // bytes of gzip: JavaScript and CSS
const apart = /^(assets\/editor-[^/]*|embed)\.js$/;
const language = /^assets\/(en|zh-cn)-[^/]*\.js$/;

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');
let total = 0;
let longest = 0;
for (const name of readdirSync(dist, { recursive: true }).sort()) {
  if (!/\.(js|css|html)$/.test(name)) continue;
  const size = gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
  if (language.test(name)) longest = Math.max(longest, size);
  else if (!name.endsWith('.html') && !apart.test(name)) total += size;
  console.log(`  ${(size / 1000).toFixed(1).padStart(6)} KB gzip  ${name}${apart.test(name) ? ' (counted apart)' : ''}`);
}
total += longest;
console.log(`page: ${(total / 1000).toFixed(1)} KB gzip of JavaScript and CSS (budget ${BUDGET / 1000} KB)`);
if (total > BUDGET) {
  console.error('error: the page is over its budget');
  process.exit(1);
}
