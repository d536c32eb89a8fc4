import { defineConfig } from 'vite';

// Relative addresses throughout: the built files work under any path of any
// static host. The engine (build/, made by scripts/engine.js) is an asset like
// any other, so its name changes with its content.
export default defineConfig({
  base: './',
  assetsInclude: ['**/*.wasm.gz'],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 300,
  },
});
