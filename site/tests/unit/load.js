// Loads a TypeScript module of the page into Node.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src');

export async function load(path) {
  const { module } = await runnerImport(join(source, path), { configFile: false, logLevel: 'error' });
  return module;
}

/** What a browser has and Node has not, as far as the modules look at it. */
export function browserLike(languages = ['en']) {
  const kept = new Map();
  globalThis.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  };
  globalThis.location = { search: '' };
  Object.defineProperty(globalThis, 'navigator', { value: { languages }, configurable: true });
}
