// What the engine does not need in the browser, but would carry there all the
// same. k8s.io/apimachinery imports net/http for status codes and proxy
// helpers, and with it come TLS and its certificates; its types know CBOR,
// which nobody speaks here; every generated type of it and of k8s.io/api has a
// String method for debugging, which the linker keeps because fmt might call
// it; and their errors would go to klog, with its flags and files. Of
// structured-merge-diff they use the cache of struct fields, and with it comes
// a second JSON library. This makes copies of these modules below the build
// folder in which net/http, CBOR and klog are replaced (wasm/slim), the methods
// left out and that JSON is the standard library's, and a go.mod that uses
// them: 1.0 MB of brotli in all. Everything else is as the repository's go.mod
// says; natively nothing is replaced.
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STATUS = 'k8s.io/apimachinery/pkg/util/net/status';
const IMPORTERS = ['pkg/api/errors/errors.go', 'pkg/runtime/serializer/protobuf/protobuf.go', 'pkg/util/runtime/runtime.go'];
const GENERATED = ['k8s.io/apimachinery', 'k8s.io/api'];
const MERGE = 'sigs.k8s.io/structured-merge-diff/v6';
const KLOG = 'k8s.io/klog/v2';

// Returns the path of the go.mod to build with. go runs a go command and
// returns what it prints.
export function slim(root, build, go) {
  const [apimachinery, api] = GENERATED.map((module) => copyModule(module, build, go));
  for (const copy of [apimachinery, api]) leaveOutStrings(copy);
  replaceHTTP(apimachinery, root);
  copyFileSync(join(root, 'wasm/slim/cbor.go.txt'), join(apimachinery, 'pkg/runtime/serializer/cbor/direct/direct.go'));
  const merge = copyModule(MERGE, build, go, 'merge');
  replaceJSON(join(merge, 'value/value.go'));
  const klog = join(build, 'klog');
  mkdirSync(join(klog, 'textlogger'), { recursive: true });
  copyFileSync(join(root, 'wasm/slim/klog.go.txt'), join(klog, 'klog.go'));
  copyFileSync(join(root, 'wasm/slim/textlogger.go.txt'), join(klog, 'textlogger/textlogger.go'));
  writeFileSync(join(klog, 'go.mod'), `module ${KLOG}\n\ngo 1.21\n`);
  const mod = join(build, 'slim.mod');
  copyFileSync(join(root, 'go.sum'), join(build, 'slim.sum'));
  const copies = Object.entries({ [GENERATED[0]]: apimachinery, [GENERATED[1]]: api, [MERGE]: merge, [KLOG]: klog });
  const replaced = copies.map(([module, copy]) => `replace ${module} => ${copy}\n`).join('');
  writeFileSync(mod, `${readFileSync(join(root, 'go.mod'), 'utf8')}\n${replaced}`);
  return mod;
}

// The module cache is read-only, and so would be a copy of it.
function copyModule(module, build, go, name = module.split('/').at(-1)) {
  go('mod', 'download', module);
  const copy = join(build, name);
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

const POOLS = /^var \(\n\treadPool [^]*?^\)\n/m;
const JSON_ITERATOR = /^func (read|write)JSON(Iter|Stream)\([^]*?^\}\n/gm;
const READ = /(^func FromJSONFast\(.*\{\n)[^]*?^\}\n/m;
const WRITE = /(^func ToJSON\(.*\{\n)[^]*?^\}\n/m;

// Values read and write JSON by the standard library.
function replaceJSON(path) {
  const text = readFileSync(path, 'utf8')
    .replace(/^\t"(bytes|io)"\n/gm, '')
    .replace(/^\tjsoniter ".*"$/m, '\t"encoding/json"')
    .replace(POOLS, '')
    .replace(JSON_ITERATOR, '')
    .replace(READ, '$1\tvar v any\n\tif err := json.Unmarshal(input, &v); err != nil {\n\t\treturn nil, err\n\t}\n\treturn NewValueInterface(v), nil\n}\n')
    .replace(WRITE, '$1\treturn json.Marshal(v.Unstructured())\n}\n');
  if (/jsoniter|[^.]readPool/.test(text.replace(/\/\/.*/g, ''))) throw new Error('structured-merge-diff reads JSON in another way now: see scripts/slim.js');
  writeFileSync(path, text);
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
