import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';

/** Scripts that others name: they keep their name and stand beside index.html. */
const entries = { sw: 'src/offline/sw.ts', embed: 'src/embed/script.ts' };

/** Tells the service worker which version this is, and which files make it up. */
function versioned() {
  return {
    name: 'tabernetes:version',
    enforce: 'post',
    generateBundle(_, bundle) {
      const worker = bundle['sw.js'];
      if (worker?.type !== 'chunk') throw new Error('there is no sw.js to write the version into');
      const hash = createHash('sha256').update(worker.code);
      const content = new Map();
      for (const file of Object.values(bundle)) content.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
      for (const name of readdirSync('public')) content.set(name, readFileSync(join('public', name)));
      const files = [...content.keys()].filter((name) => !(`${name.replace('.js', '')}` in entries)).sort();
      for (const name of files) hash.update(name).update(content.get(name));
      worker.code = worker.code.replaceAll('__VERSION__', JSON.stringify(hash.digest('hex').slice(0, 16)));
      this.emitFile({ type: 'asset', fileName: 'files.json', source: JSON.stringify(files) });
    },
  };
}

/** The words in one of the page's modules: an object of strings. */
function words(name) {
  const code = readFileSync(new URL(`./src/i18n/${name}.ts`, import.meta.url), 'utf8');
  const object = /^export const \w+[^=]*= (\{[\s\S]*?\n\})/m.exec(code)[1];
  return new Function(`return ${object}`)();
}

/** Every language has the same keys, which the compiler checks: in what is built they are said once, and a language is its words alone. */
function keysOnce() {
  const exported = { en: 'en', 'zh-cn': 'zhCN' };
  return {
    name: 'tabernetes:keys-once',
    enforce: 'pre',
    apply: 'build',
    transform(_, id) {
      const name = /i18n\/([\w-]+)\.ts$/.exec(id)?.[1];
      const keys = Object.keys(words('en'));
      if (name === 'keys') return `export const keys = ${JSON.stringify(keys)};`;
      if (!(name in exported)) return undefined;
      const own = words(name);
      const said = JSON.stringify(keys.map((key) => own[key]));
      return `import { keys } from './keys';\nconst said = ${said};\nexport const ${exported[name]} = Object.fromEntries(keys.map((key, i) => [key, said[i]]));`;
    },
  };
}

// Relative addresses throughout: the built files work under any path of any
// static host. The engine (build/, made by scripts/engine.js) is an asset like
// any other, so its name changes with its content.
export default defineConfig({
  base: './',
  plugins: [keysOnce(), versioned()],
  assetsInclude: ['**/*.wasm.gz'],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 300,
    rolldownOptions: {
      input: { index: 'index.html', ...entries },
      output: { entryFileNames: ({ name }) => (name in entries ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
});
