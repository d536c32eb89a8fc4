// The licences of all that a release is made of: Go's own, of the modules in
// the command and in the engine, and of the packages in the page.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(site);

function go(args, env = {}) {
  return execFileSync('go', args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } }).trim();
}

/** The texts in a folder that say under what it may be used. */
function texts(dir) {
  return readdirSync(dir)
    .filter((name) => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(name))
    .sort()
    .map((name) => readFileSync(join(dir, name), 'utf8').trim());
}

/** The modules that are compiled in, with their folders. */
function modules(env, ...what) {
  const format = '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}';
  return go(['list', '-deps', '-f', format, ...what], env).split('\n').filter(Boolean);
}

/** The packages in the page. */
function packages() {
  const { packages } = JSON.parse(readFileSync(join(site, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { dev, optional }]) => path && !dev && !optional)
    .map(([path, { version }]) => `${path.slice('node_modules/'.length)} ${version}\t${join(site, path)}`);
}

/** All licences in one text, each said once, under the names of what it covers. */
export function licences() {
  const goroot = go(['env', 'GOROOT']);
  const all = new Set([
    `Go ${go(['env', 'GOVERSION']).slice(2)}\t${goroot}`,
    ...modules({}, './cmd/tabernetes'),
    ...modules({ GOOS: 'windows' }, './cmd/tabernetes'),
    ...modules({ GOOS: 'js', GOARCH: 'wasm' }, './wasm'),
    ...packages(),
  ]);
  const covered = new Map();
  for (const line of [...all].sort()) {
    const [name, dir] = line.split('\t');
    const found = existsSync(dir) ? texts(dir) : [];
    if (found.length === 0) throw new Error(`${name}: there is no licence in ${dir}`);
    for (const text of found) covered.set(text, [...(covered.get(text) ?? []), name]);
  }
  const rule = '-'.repeat(78);
  const sections = [...covered].map(([text, names]) => `${rule}\n${names.join('\n')}\n${rule}\n\n${text}\n`);
  return `Tabernetes is made with what is listed here; its own licence is in LICENSE.\n\n${sections.join('\n')}`;
}
