#!/bin/sh
# Runs this package's tests under Node with an IndexedDB from the site's
# node_modules (npm ci there first). Arguments go to go test: test.sh -v, or
# test.sh -bench . -run '^$'.
set -eu
cd "$(dirname "$0")"
GOOS=js GOARCH=wasm exec "${GO:-go}" test -exec "$PWD/testdata/exec.sh" "$@" .
