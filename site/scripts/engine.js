// Builds the engine for the page: build/tabernetes.wasm.gz and build/wasm_exec.js.
// Prints its sizes and fails above the budget.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { slim } from './slim.js';
import { support } from './support.js';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const BUDGET = 4.5e6; // bytes of brotli: what most hosts send

// Packages whose functions are not inlined, which makes the module 0.4 MB
// smaller: none of them is where the time goes.
const ours = ['api', 'apiextensions/...', 'archive', 'controller/...', 'kubectl/...', 'network/...', 'rbac'];
const small = [
  ...['k8s.io/...', 'sigs.k8s.io/...', 'mvdan.cc/...', 'go.yaml.in/...', 'gopkg.in/...', 'github.com/spf13/...'],
  ...['math/big', 'net/...', 'regexp/syntax', 'encoding/csv'],
  ...ours.map((path) => `github.com/tabernetes/tabernetes/core/${path}`),
  'github.com/tabernetes/tabernetes/lessons/...',
];

const site = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(site);
const build = join(site, 'build');
const wasm = join(build, 'tabernetes.wasm');
const megabytes = (n) => `${(n / 1e6).toFixed(2)} MB`;

function go(...args) {
  return execFileSync('go', args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' },
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

// Compressing takes longer than building, so a module that has not changed is
// not compressed again.
function sizes(module) {
  const record = join(build, 'sizes.json');
  const hash = createHash('sha256').update(module).digest('hex');
  if (existsSync(record) && existsSync(`${wasm}.gz`) && existsSync(`${wasm}.br`)) {
    const known = JSON.parse(readFileSync(record, 'utf8'));
    if (known.hash === hash) return known;
  }
  const packed = gzipSync(module, { level: 9 });
  writeFileSync(`${wasm}.gz`, packed);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: module.length,
  };
  const best = brotliCompressSync(module, { params });
  writeFileSync(`${wasm}.br`, best);
  const found = { hash, raw: module.length, gzip: packed.length, brotli: best.length };
  writeFileSync(record, JSON.stringify(found));
  return found;
}

mkdirSync(build, { recursive: true });
console.log('building the engine (js/wasm) ...');
go('build', `-modfile=${slim(root, build, go)}`, '-trimpath', '-ldflags=-s -w', ...small.map((p) => `-gcflags=${p}=-l`), '-o', wasm, './wasm');
writeFileSync(join(build, 'wasm_exec.js'), support(readFileSync(join(go('env', 'GOROOT'), 'lib', 'wasm', 'wasm_exec.js'), 'utf8')));
console.log('compressing it ...');
const { raw, gzip, brotli } = sizes(readFileSync(wasm));
console.log(`engine: ${megabytes(raw)} raw, ${megabytes(gzip)} gzip, ${megabytes(brotli)} brotli (budget ${megabytes(BUDGET)})`);
if (brotli > BUDGET) {
  console.error(`error: the engine is over its budget by ${megabytes(brotli - BUDGET)} of brotli`);
  process.exit(1);
}
