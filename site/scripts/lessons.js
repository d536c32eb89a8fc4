// Writes what the page shows of the lessons, and what the engine needs to do
// them, as JSON files: build/lessons. The module itself carries none.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(site, 'build', 'lessons');

rmSync(out, { recursive: true, force: true });
execFileSync('go', ['run', './cmd/tabernetes', 'lessons', 'export', '--out', out], { cwd: dirname(site), stdio: 'inherit' });
const files = readdirSync(out);
const bytes = files.reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
console.log(`lessons: ${files.length} files, ${(bytes / 1e3).toFixed(0)} KB, each fetched when it is opened`);
