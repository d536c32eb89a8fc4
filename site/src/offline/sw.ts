// The page's service worker: keeps one whole version of the page, engine and
// all, so that it opens with no network. A new version is fetched beside the
// old one and waits until no tab shows the page or a learner asks for it; the
// version before it is kept as long, for tabs that still run it. It only ever
// answers for the page's own files: the cluster never passes here.

/// <reference lib="webworker" />
export {};
declare const self: ServiceWorkerGlobalScope;

/** Changes with every file of the page; filled in by the build, which writes files.json too (vite.config.js). */
declare const __VERSION__: string;

const root = new URL('./', self.location.href);

const prefix = 'tabernetes ';
const current = prefix + __VERSION__;

/** Caches by age: the engine's older versions first. Cache Storage keeps the order of creation. */
const versions = async () => (await caches.keys()).filter((name) => name.startsWith(prefix));

/** Fetches one file. The engine is kept unpacked, which lets the browser keep its compiled code too. */
async function fetched(path: string): Promise<Response> {
  const response = await fetch(path, { cache: path.startsWith('assets/') ? 'default' : 'no-cache' });
  if (!response.ok || !response.body) throw new Error(`${path}: ${response.status}`);
  if (!path.endsWith('.wasm.gz')) return response;
  const [sniff, whole] = response.body.tee();
  const head = (await sniff.getReader().read()).value;
  const packed = head?.[0] === 0x1f && head[1] === 0x8b;
  const body = packed ? whole.pipeThrough(new DecompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>) : whole;
  return new Response(body, { headers: { 'content-type': 'application/wasm' } });
}

async function install() {
  const cache = await caches.open(current);
  try {
    const files: string[] = await (await fetched('files.json')).json();
    for (const path of files) {
      const known = path.startsWith('assets/') ? await caches.match(path) : undefined;
      await cache.put(path, known ?? (await fetched(path)));
    }
  } catch (err) {
    await caches.delete(current); // all of a version or nothing
    throw err;
  }
}

/** Drops every version but this one and the one before it. */
async function activate() {
  const old = (await versions()).filter((name) => name !== current);
  await Promise.all(old.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** What the page consists of. Where the engine is a server's, its own paths lie beside it. */
const own = /^(assets\/.*|[\w-]+\.(html|png|svg|webmanifest))$/;

/** A file of this version, or one that a tab of an older version still needs. */
async function answer(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(current);
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => {
  if (event.data === 'now') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) return;
  // The address of a cluster, a lesson or a shared session is the page's own.
  const path = url.pathname.slice(root.pathname.length) || 'index.html';
  if (own.test(path)) event.respondWith(answer(path, request));
});
