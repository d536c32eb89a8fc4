// Runs the browser tests: what looks at the clock one file at a time, on a
// machine as still as it can be; the rest two at a time, the longest first.
// Up to three files that failed are run a second time, alone, and both
// outcomes are told; what fails twice fails the run.
// `npm run e2e -- chain time` runs only those files.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
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

/** Runs files, so many at a time, shows how they do, and returns what failed: the tests' names by file. */
async function all(files, concurrency) {
  const failed = new Map();
  if (files.length === 0) return failed;
  const results = run({ files: files.map((name) => join(dir, `${name}.test.js`)), concurrency });
  results.on('test:fail', ({ name, file, details }) => {
    const of = basename(file ?? name, '.test.js');
    const why = String(details.error?.cause?.message ?? details.error?.message ?? '').split('\n', 3).join(' ');
    failed.set(of, [...(failed.get(of) ?? []), `${name}: ${why}`]);
  });
  for await (const words of results.compose(spec)) process.stdout.write(words);
  return failed;
}

/** Says at the end, where a log is read first, which tests failed and how. */
function tell(failed, what) {
  for (const [file, tests] of failed) for (const test of tests) console.log(`${what}: ${file}: ${test}`);
}

const start = Date.now();
const beside = await all(names.filter((name) => !clocked.includes(name)).sort((a, b) => rank(a) - rank(b)), Math.min(2, availableParallelism()));
const alone = await all(names.filter((name) => clocked.includes(name)), 1);
const once = new Map([...beside, ...alone]);
// A neighbour can take the machine for seconds; what fails with the machine to itself too has failed.
const twice = once.size === 0 || once.size > 3 ? once : await all([...once.keys()], 1);
console.log(`browser tests: ${Math.round((Date.now() - start) / 1000)} s`);
tell(once, twice === once ? 'failed' : 'failed at first');
if (twice !== once) tell(twice, 'failed again');
if (twice.size > 0) process.exitCode = 1;
