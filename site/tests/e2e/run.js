// Runs the browser tests: what looks at the clock one file at a time, on a
// machine as still as it can be; the rest two at a time, the longest first.
// `npm run e2e -- chain time` runs only those files.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const clocked = ['speed', 'crowd', 'paint'];
const longest = ['tabs-shared', 'tabs-dedicated', 'lessons', 'kill', 'looks', 'everywhere', 'storage', 'lost', 'chain', 'durability'];

const dir = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const names = readdirSync(dir)
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => name.slice(0, -'.test.js'.length))
  .filter((name) => wanted.length === 0 || wanted.includes(name));
const rank = (name) => (longest.indexOf(name) + longest.length + 1) % (longest.length + 1);

/** Runs files, so many at a time, and says how they did. */
async function all(files, concurrency) {
  if (files.length === 0) return;
  const results = run({ files: files.map((name) => join(dir, `${name}.test.js`)), concurrency });
  results.on('test:fail', () => (process.exitCode = 1));
  for await (const words of results.compose(spec)) process.stdout.write(words);
}

const start = Date.now();
await all(names.filter((name) => !clocked.includes(name)).sort((a, b) => rank(a) - rank(b)), Math.min(2, availableParallelism()));
await all(names.filter((name) => clocked.includes(name)), 1);
console.log(`browser tests: ${Math.round((Date.now() - start) / 1000)} s`);
