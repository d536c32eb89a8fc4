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

/** Keys that the page puts together as it goes, such as `part.${actor}`, as one pattern. */
function assembled() {
  const code = readdirSync('src', { recursive: true })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join('src', name), 'utf8'));
  const found = code.join('\n').matchAll(/`([a-z]+\.(?:[\w.-]|\$\{[^`}]*\})*)`/g);
  const patterns = [...found].map(([, key]) => key.replaceAll('.', '\\.').replace(/\$\{.*?\}/g, '[\\w-]+'));
  return new RegExp(`^(${patterns.join('|')})$`);
}

/** Four letters for a key that is put together. Of keys that there are not, one in 14,000 has the letters of another. */
function codeOf(key) {
  if (key >= 0) return key; // it is a place
  let sum = 0;
  for (let i = 0; i < key.length; i++) sum = Math.imul(sum ^ key.charCodeAt(i), 0x5bd1e995);
  return (sum >>> 0).toString(36).slice(-4);
}

/**
 * Every language has the same keys, which the compiler checks: in what is
 * built, a language is the list of its words. A key that stands in the code is
 * its place in that list; one that is put together is found by its code.
 */
function keysAsPlaces() {
  const exported = { en: 'en', 'zh-cn': 'zhCN' };
  const keys = Object.keys(words('en'));
  const pattern = assembled();
  const ordered = [...keys.filter((key) => pattern.test(key)), ...keys.filter((key) => !pattern.test(key))];
  const named = ordered.filter((key) => pattern.test(key));
  const places = new Map(ordered.map((key, place) => [key, place]).slice(named.length));
  return {
    name: 'tabernetes:keys-as-places',
    enforce: 'pre',
    apply: 'build',
    transform(code, id) {
      const name = /i18n\/([\w-]+)\.ts$/.exec(id)?.[1];
      if (name === 'keys') {
        const codes = named.map(codeOf);
        if (new Set(codes).size < codes.length || codes.some((c) => c.length !== 4)) throw new Error('two keys have the same code: use another factor');
        return `export const keys = '${codes.join('')}'.match(/.{4}/g);\nexport ${codeOf}`;
      }
      if (name in exported) {
        const own = words(name);
        const said = JSON.stringify(ordered.map((key) => own[key]));
        return `import { keys } from './keys';\nexport const ${exported[name]} = ${said};\nkeys.forEach((key, i) => (${exported[name]}[key] = ${exported[name]}[i]));`;
      }
      if (!/\/src\/.*\.tsx?$/.test(id)) return undefined;
      return code.replace(/'([a-z]+\.[\w.-]+)'/g, (literal, key) => places.get(key) ?? literal);
    },
  };
}

/** JSX as calls of h(), its children as arguments: smaller than objects that name them. */
function calls() {
  return {
    name: 'tabernetes:calls',
    enforce: 'pre',
    apply: 'build',
    config: () => ({ oxc: { jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment' } } }),
    transform: (code, id) => (/\/src\/.*\.tsx$/.test(id) ? `import { h, Fragment } from 'preact';\n${code}` : undefined),
  };
}

/** No chunk brings a style sheet or others with it, so none needs to be told what to load first. */
function noPreload() {
  return {
    name: 'tabernetes:no-preload',
    enforce: 'pre',
    load: (id) => (id.endsWith('vite/preload-helper.js') ? 'export const __vitePreload = (load) => load();' : undefined),
    renderChunk: (code) =>
      code.replace(/__vitePreload\(async \(\) => \{\s*const (\{ \w+ \}) = await (import\([^)]*\));\s*return \1;\s*\}, __VITE_PRELOAD__, import\.meta\.url\)/g, '$2')
        .replace(/__vitePreload\(\(\) => (import\([\s\S]*?), __VITE_PRELOAD__, import\.meta\.url\)/g, '$1'),
  };
}

/** The lessons' files in one folder that is named by what they hold: one name for the page to know, not one a file. */
function lessons() {
  const from = 'build/lessons';
  const files = readdirSync(from).map((name) => [name, readFileSync(join(from, name))]);
  const hash = createHash('sha256');
  for (const [name, source] of files) hash.update(name).update(source);
  const folder = `assets/lessons-${hash.digest('hex').slice(0, 8)}`;
  return {
    name: 'tabernetes:lessons',
    config: () => ({ define: { __LESSONS__: JSON.stringify(folder) } }),
    generateBundle() {
      for (const [name, source] of files) this.emitFile({ type: 'asset', fileName: `${folder}/${name}`, source });
    },
  };
}

// Relative addresses throughout: the built files work under any path of any
// static host. The engine (build/, made by scripts/engine.js) is an asset like
// any other, so its name changes with its content.
export default defineConfig({
  base: './',
  plugins: [keysAsPlaces(), calls(), noPreload(), lessons(), versioned()],
  assetsInclude: ['**/*.wasm.gz'],
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    // The first with light-dark(), without which every colour would be said three times.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
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
