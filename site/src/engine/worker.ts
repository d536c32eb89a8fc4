// The engine's worker: waits for the lock that keeps it to one engine an
// origin, fetches and starts the module, and then is the module's alone
// (wasm/bridge.go takes and sends the messages).

/// <reference lib="webworker" />
import '../../build/wasm_exec.js';
import moduleURL from '../../build/tabernetes.wasm.gz?url';
import type { FailedEvent, WorkerEvent } from './protocol';

declare const self: DedicatedWorkerGlobalScope;
declare const Go: new () => { importObject: WebAssembly.Imports; run(instance: WebAssembly.Instance): Promise<void> };

const lockName = 'tabernetes';

/** Below this many milliseconds between two reports nobody sees a difference. */
const reportEvery = 50;

function tell(event: WorkerEvent | FailedEvent) {
  self.postMessage(JSON.stringify(event));
}

/** Resolves when this worker is the only one; the lock is released when the worker ends. */
function alone(): Promise<void> {
  return new Promise((resolve, reject) => {
    const forever = new Promise<never>(() => {});
    const take = (options: LockOptions) =>
      navigator.locks.request(lockName, options, (lock) => {
        if (!lock) return false;
        resolve();
        return forever;
      });
    take({ ifAvailable: true })
      .then((taken) => {
        if (taken === false) {
          tell({ type: 'waiting' });
          return take({});
        }
        return taken;
      })
      .catch(reject);
  });
}

/** Reports how much has come through. */
function counted(total: number): TransformStream<Uint8Array, Uint8Array> {
  let loaded = 0;
  let reported = 0;
  tell({ type: 'progress', phase: 'download', loaded, total });
  return new TransformStream({
    transform(chunk, out) {
      loaded += chunk.byteLength;
      const now = performance.now();
      if (now - reported > reportEvery || loaded === total) {
        reported = now;
        tell({ type: 'progress', phase: 'download', loaded, total });
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
  const total = Number(response.headers.get('content-length') ?? 0);
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
  tell({ type: 'progress', phase: 'start', loaded: 1, total: 1 });
  const go = new Go();
  const instance = await WebAssembly.instantiate(module, go.importObject);
  performance.mark('instantiated');
  await go.run(instance);
  throw new Error('the engine has ended');
}

start().catch((err: unknown) => {
  tell({ type: 'failed', kind: 'engine', message: err instanceof Error ? err.message : String(err) });
});
