import type { EngineEvent, Request, WorkerEvent } from './protocol';

/** The page's end of the line to the engine. Requests made before it listens wait. */
export class Engine {
  private worker: Worker | undefined;
  private waiting: Request[] | undefined = [];

  constructor(private readonly heard: (event: EngineEvent | WorkerEvent) => void) {}

  start() {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'tabernetes' });
    this.worker.onmessage = (message: MessageEvent<string>) => this.take(JSON.parse(message.data));
    this.worker.onerror = (event) => {
      this.heard({ type: 'failed', kind: 'engine', message: event.message || 'the engine could not be started' });
    };
  }

  /** Ends the engine where it stands; what was answered is on disk. */
  end() {
    this.worker?.terminate();
  }

  send(request: Request) {
    if (this.waiting) this.waiting.push(request);
    else this.worker?.postMessage(JSON.stringify(request));
  }

  private take(event: EngineEvent | WorkerEvent) {
    if (event.type === 'listening') {
      const waiting = this.waiting ?? [];
      this.waiting = undefined;
      waiting.forEach((request) => this.send(request));
    }
    this.heard(event);
  }
}
