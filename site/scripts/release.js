// Makes the release in .build/release, from what `make site` has built:
//
//   tabernetes-OS-ARCH.tar.gz   the command with the page in it, for each platform
//   tabernetes-site.tar.gz      the page for a host of static files, compressed beside itself (.gz, .br)
//   SHA256SUMS
//
// The same commit, Go and Node give the same bytes. Then the archive for this
// machine is unpacked, and has to serve the page. Platforms may be named:
// `npm run release -- linux/amd64`.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { licences } from './licences.js';
import { tar } from './tar.js';

const site = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(site);
const dist = join(site, 'dist');
const out = join(root, '.build', 'release');
const platforms = ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64', 'windows/amd64', 'windows/arm64'];
const here = `${platform() === 'win32' ? 'windows' : platform()}/${arch() === 'x64' ? 'amd64' : arch()}`;

/** The time of everything in the release: the commit's. */
const time = Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));

const read = (path) => ({ content: readFileSync(path) });
const common = { 'LICENSE': read(join(root, 'LICENSE')), 'README.md': read(join(root, 'README.md')) };

/** Writes an archive of files in a folder of its name. */
function pack(name, files) {
  const inside = Object.fromEntries(Object.entries(files).map(([path, file]) => [`${name}/${path}`, file]));
  const packed = gzipSync(tar(inside, time), { level: 9 });
  writeFileSync(join(out, `${name}.tar.gz`), packed);
  console.log(`  ${(packed.length / 1e6).toFixed(1).padStart(5)} MB  ${name}.tar.gz`);
}

/** The command for a platform, with the page in it. */
function command(target) {
  const [GOOS, GOARCH] = target.split('/');
  const name = GOOS === 'windows' ? 'tabernetes.exe' : 'tabernetes';
  const path = join(out, name);
  execFileSync('go', ['build', '-tags', 'page', '-trimpath', '-ldflags=-s -w', '-o', path, './cmd/tabernetes'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, GOOS, GOARCH, CGO_ENABLED: '0' },
  });
  const file = { content: readFileSync(path), mode: 0o755 };
  rmSync(path);
  return { [name]: file };
}

/** What is packed well enough already. */
const packedAlready = /\.(gz|png)$/;

const brotli = (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

/** The page's files, each beside its compressed forms, for hosts that choose by what the browser takes. */
function page() {
  const files = {};
  for (const entry of readdirSync(dist, { recursive: true }).sort()) {
    const path = join(dist, entry);
    if (statSync(path).isDirectory()) continue;
    const name = relative(dist, path).replaceAll('\\', '/');
    files[name] = read(path);
    // Whoever sends this as brotli sends the module itself, which the page tells from its first bytes.
    if (name.endsWith('.wasm.gz') || /\.wasm-[\w-]+\.gz$/.test(name)) files[`${name}.br`] = read(join(site, 'build', 'tabernetes.wasm.br'));
    if (packedAlready.test(name)) continue;
    files[`${name}.gz`] = { content: gzipSync(files[name].content, { level: 9 }) };
    files[`${name}.br`] = { content: brotli(files[name].content) };
  }
  return files;
}

function sums() {
  const lines = readdirSync(out)
    .filter((name) => name.endsWith('.tar.gz'))
    .sort()
    .map((name) => `${createHash('sha256').update(readFileSync(join(out, name))).digest('hex')}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
}

/** What a command has said by the time it serves, or ends. */
function greeting(child) {
  return new Promise((resolve) => {
    let said = '';
    child.stdout.on('data', (data) => (said += data).includes('Ctrl-C') && resolve(said));
    child.on('exit', () => resolve(said));
  });
}

/** Unpacks the archive for this machine and asks its command for the page and the engine. */
async function check(name) {
  const dir = mkdtempSync(join(tmpdir(), 'tabernetes-release-'));
  execFileSync('tar', ['-xzf', join(out, `${name}.tar.gz`), '-C', dir]);
  const args = ['serve', '--data', join(dir, 'data'), '--addr', '127.0.0.1:0', '--page-addr', '127.0.0.1:0'];
  const child = spawn(join(dir, name, 'tabernetes'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const said = await greeting(child);
    const address = /http:\S+/.exec(said)?.[0];
    if (!address) throw new Error(`the command in ${name} serves no page:\n${said}`);
    for (const file of ['', ...readdirSync(join(dist, 'assets')).filter((f) => /^(index|tabernetes)/.test(f)).map((f) => `assets/${f}`)]) {
      const answer = await fetch(new URL(`/${file}`, address));
      const got = Buffer.from(await answer.arrayBuffer());
      const want = file ? readFileSync(join(dist, file)).length : got.includes('Tabernetes') && got.length;
      if (!answer.ok || got.length !== want) throw new Error(`/${file}: ${answer.status}, ${got.length} bytes instead of ${want}`);
    }
    console.log(`the command in ${name}.tar.gz serves the page`);
  } finally {
    child.kill();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

const asked = process.argv.slice(2);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
common['THIRD-PARTY-LICENSES'] = { content: Buffer.from(licences()) };
for (const target of asked.length > 0 ? asked : platforms) pack(`tabernetes-${target.replace('/', '-')}`, { ...common, ...command(target) });
pack('tabernetes-site', { ...common, ...page() });
sums();
if (asked.length === 0 || asked.includes(here)) await check(`tabernetes-${here.replace('/', '-')}`);
