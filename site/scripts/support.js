// Go's wasm_exec.js without what a browser's worker has no use for: a function
// for each call of a file system that is not there, and complaints about
// browsers that lack what every one with shared workers has.

/** What is taken out or replaced: a pattern, what comes in its place, and how often it is found at least. */
const cuts = [
  [/^\t\t\t\w+\([\w, ]*callback\) \{ callback\(enosys\(\)\); \},\n/gm, '', 20],
  [/globalThis\.fs = \{\n([\s\S]*?)\n\t\t\};/g, 'globalThis.fs = new Proxy({\n$1\n\t\t}, { get: (known, name) => known[name] ?? ((...args) => args.at(-1)(enosys())) });', 1],
  [/\tif \(!globalThis\.\w+\) \{\n\t\tthrow .*\n\t\}\n\n/g, '', 4],
  [/\t\t\t\t_gotest: \{[\s\S]*?\n\t\t\t\t\},\n/g, '', 1],
  [/\t\t\tconst testCallExport = [\s\S]*?\n\t\t\t\};?\n\n/g, '', 1],
];

/** The support file for the page. Throws where it is not as it was known. */
export function support(source) {
  for (const [pattern, instead, least] of cuts) {
    const found = source.match(pattern)?.length ?? 0;
    if (found < least) throw new Error(`wasm_exec.js: ${pattern} was found ${found} times, not ${least}: this Go has another one`);
    source = source.replace(pattern, instead);
  }
  return source;
}
