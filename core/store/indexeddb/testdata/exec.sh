#!/bin/sh
# Runs a js/wasm test binary under Node with an IndexedDB (go test -exec).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export NODE_OPTIONS="--require $here/preload.cjs ${NODE_OPTIONS:-}"
exec "$("${GO:-go}" env GOROOT)/lib/wasm/go_js_wasm_exec" "$@"
