// The engine's worker, shared by all tabs or of the tab that leads: waits for the
// lock that keeps it to one engine a database, fetches and starts the module,
// and connects it with the tabs (hub.ts; wasm/bridge.go is the other end).

/// <reference lib="webworker" />
import '../../build/wasm_exec.js';
import moduleURL from '../../build/tabernetes.wasm.gz?url';
import { Hub } from './hub';
import { databaseLock, engineChannel, engineLock, hold, nowhere, readName, tabChannel, type FromWorker, type ToWorker } from './line';

declare const self: DedicatedWorkerGlobalScope | SharedWorkerGlobalScope;
declare const Go: new () => { env: Record<string, string>; importObject: WebAssembly.Imports; run(instance: WebAssembly.Instance): Promise<void> };

/** Below this many milliseconds between two reports nobody sees a difference. */
const reportEvery = 50;

/** How long a worker whose engine has ended tells why to tabs that join, in milliseconds. */
const mourn = 1000;

const name = readName(self.name);
const engine = engineLock(name, crypto.randomUUID());
const own = name.database.startsWith(nowhere);
const hub = new Hub(engine, own);
/** A tab may know this worker only once its death would be noticed; an own worker dies with its tab. */
const held = own ? Promise.resolve() : hold(engine).held;
Object.assign(globalThis, { tabernetes: hub });

/** Each tab has a port of its own. */
function shared(scope: SharedWorkerGlobalScope) {
  scope.onconnect = ({ ports: [port] }) => {
    if (!port) return;
    port.onmessage = ({ data }: MessageEvent<ToWorker>) =>
      held.then(() => hub.take(data, (message) => port.postMessage(message)));
  };
}

/** The leading tab has a port, the others speak through channels. */
function dedicated(scope: DedicatedWorkerGlobalScope) {
  scope.onmessage = ({ data }: MessageEvent<ToWorker>) =>
    held.then(() => hub.take(data, (message) => scope.postMessage(message)));
  if (own) return;
  const channel = new BroadcastChannel(engineChannel(name.database));
  const others = new Map<string, BroadcastChannel>();
  channel.onmessage = ({ data }: MessageEvent<ToWorker | FromWorker>) => {
    if (!('tab' in data)) return;
    const { tab } = data;
    const reply = others.get(tab) ?? new BroadcastChannel(tabChannel(tab));
    others.set(tab, reply);
    held.then(() => hub.take(data, (message) => reply.postMessage(message)));
  };
  held.then(() => channel.postMessage({ kind: 'here', engine } satisfies FromWorker));
}

/** Resolves when this worker is the only one on its database; the lock is released when the worker ends. */
function alone(): Promise<void> {
  if (own) return Promise.resolve();
  return new Promise((resolve) => {
    const take = (options: LockOptions) =>
      navigator.locks.request(databaseLock(name.database), options, (lock) => {
        if (!lock) return false;
        resolve();
        return new Promise<never>(() => {});
      });
    take(name.generation > 0 ? { steal: true } : { ifAvailable: true })
      .then((taken) => {
        if (taken !== false) return taken;
        hub.announce({ type: 'waiting' });
        return take({});
      })
      // Whose lock was stolen has been given up on: it must not write any more.
      .catch(() => self.close());
  });
}

/** Reports how much has come through. */
function counted(total: number): TransformStream<Uint8Array, Uint8Array> {
  let loaded = 0;
  let reported = 0;
  hub.announce({ type: 'progress', phase: 'download', loaded, total });
  return new TransformStream({
    transform(chunk, out) {
      loaded += chunk.byteLength;
      const now = performance.now();
      if (now - reported > reportEvery || loaded === total) {
        reported = now;
        hub.announce({ type: 'progress', phase: 'download', loaded, total });
      }
      out.enqueue(chunk);
    },
  });
}

/** The module's bytes: some hosts have unpacked them on the way, which the first two bytes tell. */
async function unpacked(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const first = await reader.read();
  const rest = new ReadableStream<Uint8Array>({
    start(out) {
      if (first.value) out.enqueue(first.value);
    },
    async pull(out) {
      const { value, done } = await reader.read();
      if (done) out.close();
      else out.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const gzipped = first.value?.[0] === 0x1f && first.value[1] === 0x8b;
  return gzipped ? rest.pipeThrough(new DecompressionStream('gzip') as TransformStream<Uint8Array, Uint8Array>) : rest;
}

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(moduleURL);
  if (!response.ok || !response.body) {
    throw new Error(`${moduleURL}: ${response.status} ${response.statusText}`);
  }
  // What a host sends packed comes through unpacked, and its length says nothing.
  const total = response.headers.has('content-encoding') ? 0 : Number(response.headers.get('content-length') ?? 0);
  const bytes = await unpacked(response.body.pipeThrough(counted(total)));
  return WebAssembly.compileStreaming(new Response(bytes, { headers: { 'content-type': 'application/wasm' } }));
}

async function start() {
  const compiled = compile();
  // A failed download is reported below, also when the lock comes much later.
  compiled.catch(() => {});
  await alone();
  const module = await compiled;
  performance.mark('compiled');
  hub.announce({ type: 'progress', phase: 'start', loaded: 1, total: 1 });
  const go = new Go();
  // The collector runs on the engine's one thread and looks at all of history: half as often for a tenth more memory.
  go.env.GOGC = '200';
  const instance = await WebAssembly.instantiate(module, go.importObject);
  performance.mark('instantiated');
  await go.run(instance);
  throw new Error('the engine has ended');
}

/** Says why there is no engine; the next tab, or this one reloaded, tries again with a new worker. */
function failed(err: unknown) {
  hub.announce({ type: 'failed', kind: 'engine', message: err instanceof Error ? err.message : String(err) });
  setTimeout(() => self.close(), mourn);
}

if ('onconnect' in self) shared(self);
else dedicated(self);
start().catch(failed);
