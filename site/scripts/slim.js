// The engine speaks no HTTP in the browser, but k8s.io/apimachinery imports
// net/http for status codes and proxy helpers, and with it come TLS and its
// certificates: 0.7 of 4.4 MB. This makes a copy of apimachinery below the
// build folder in which that import is replaced (wasm/slim), and a go.mod that
// uses it. Everything else is as the repository's go.mod says; natively nothing
// is replaced.
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STATUS = 'k8s.io/apimachinery/pkg/util/net/status';
const IMPORTERS = ['pkg/api/errors/errors.go', 'pkg/runtime/serializer/protobuf/protobuf.go', 'pkg/util/runtime/runtime.go'];

// Returns the path of the go.mod to build with. go runs a go command and
// returns what it prints.
export function slim(root, build, go) {
  go('mod', 'download', 'k8s.io/apimachinery');
  const copy = join(build, 'apimachinery');
  rmSync(copy, { recursive: true, force: true });
  cpSync(go('list', '-m', '-f', '{{.Dir}}', 'k8s.io/apimachinery'), copy, {
    recursive: true,
    filter: (path) => !/_test\.go$|\/testdata$/.test(path),
  });
  // The module cache is read-only, and so is a copy of it.
  for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
  }
  chmodSync(copy, 0o755);
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

  const mod = join(build, 'slim.mod');
  copyFileSync(join(root, 'go.sum'), join(build, 'slim.sum'));
  writeFileSync(mod, `${readFileSync(join(root, 'go.mod'), 'utf8')}\nreplace k8s.io/apimachinery => ${copy}\n`);
  return mod;
}
