// What the engine does not need in the browser, but would carry there all the
// same. k8s.io/apimachinery imports net/http for status codes and proxy
// helpers, and with it come TLS and its certificates; its types know CBOR,
// which nobody speaks here; and every generated type of it and of k8s.io/api
// has a String method for debugging, which the linker keeps because fmt might
// call it. This makes copies of the two modules below the build folder in which
// net/http and CBOR are replaced (wasm/slim) and those methods are left out,
// and a go.mod that uses them: 0.9 MB of brotli in all. Everything else is as
// the repository's go.mod says; natively nothing is replaced.
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STATUS = 'k8s.io/apimachinery/pkg/util/net/status';
const IMPORTERS = ['pkg/api/errors/errors.go', 'pkg/runtime/serializer/protobuf/protobuf.go', 'pkg/util/runtime/runtime.go'];
const MODULES = ['k8s.io/apimachinery', 'k8s.io/api'];

// Returns the path of the go.mod to build with. go runs a go command and
// returns what it prints.
export function slim(root, build, go) {
  const copies = MODULES.map((module) => copyModule(module, build, go));
  for (const copy of copies) leaveOutStrings(copy);
  replaceHTTP(copies[0], root);
  copyFileSync(join(root, 'wasm/slim/cbor.go.txt'), join(copies[0], 'pkg/runtime/serializer/cbor/direct/direct.go'));
  const mod = join(build, 'slim.mod');
  copyFileSync(join(root, 'go.sum'), join(build, 'slim.sum'));
  const replaced = MODULES.map((module, i) => `replace ${module} => ${copies[i]}\n`).join('');
  writeFileSync(mod, `${readFileSync(join(root, 'go.mod'), 'utf8')}\n${replaced}`);
  return mod;
}

// The module cache is read-only, and so would be a copy of it.
function copyModule(module, build, go) {
  go('mod', 'download', module);
  const copy = join(build, module.split('/').at(-1));
  rmSync(copy, { recursive: true, force: true });
  cpSync(go('list', '-m', '-f', '{{.Dir}}', module), copy, {
    recursive: true,
    filter: (path) => !/_test\.go$|\/testdata$|\.proto$/.test(path),
  });
  for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  chmodSync(copy, 0o755);
  return copy;
}

function replaceHTTP(copy, root) {
  for (const file of IMPORTERS) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    const slimmed = text.replace(/^\t"net\/http"$/m, `\thttp "${STATUS}"`);
    if (slimmed === text) throw new Error(`${file} of apimachinery does not import net/http any more: see scripts/slim.js`);
    writeFileSync(path, slimmed);
  }
  const net = join(copy, 'pkg/util/net');
  writeFileSync(join(net, 'http.go'), readFileSync(join(root, 'wasm/slim/http.go.txt')));
  mkdirSync(join(net, 'status'), { recursive: true });
  copyFileSync(join(root, 'wasm/slim/status.go.txt'), join(net, 'status/status.go'));
}

const METHOD = /^func \(this \*\w+\) String\(\) string \{\n[^]*?^\}\n/gm;
const HELPER = /^func valueToString\w+\(v interface\{\}\) string \{\n[^]*?^\}\n/gm;

// Leaves the generated String methods out, and the imports that only they used.
function leaveOutStrings(copy) {
  let found = 0;
  for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
    if (entry.name !== 'generated.pb.go') continue;
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, 'utf8').replace(METHOD, () => (found++, '')).replace(HELPER, '');
    const imports = /^\t(\w+) "[^"]+"\n/gm;
    const used = (name) => new RegExp(`\\b${name}\\.`).test(text.replace(imports, ''));
    writeFileSync(path, text.replace(imports, (line, name) => (name === '_' || used(name) ? line : '')));
  }
  if (found === 0) throw new Error(`${copy} has no generated String methods any more: see scripts/slim.js`);
}
