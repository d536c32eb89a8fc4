import {
  engineChannel,
  generationOf,
  hold,
  nowhere,
  leaderLock,
  tabChannel,
  tabLock,
  whenReleased,
  writeName,
  type FromWorker,
  type ToWorker,
} from './line';
import type { BootRequest, EngineEvent, Request, WorkerEvent } from './protocol';
import workerURL from './worker?worker&url';

/** shared: one worker for all tabs. dedicated: the worker of the tab that leads, the others go through it. */
export type Mode = 'shared' | 'dedicated';

/** How often the engine is asked whether it is there, in milliseconds, and after how many questions without an answer it is given up. */
const askEvery = 2000;
const patience = 8;

/** The page's end of the line to the engine. It finds the one that runs or starts it, and finds the next when that one dies. */
export class Engine {
  private readonly tab = crypto.randomUUID();
  private post: (message: ToWorker) => void = () => {};
  private worker: Worker | undefined;
  private leads = false;
  private boot: BootRequest | undefined;
  private waiting: Request[] = [];
  /** The lock of the engine that this tab has joined. */
  private joined: string | undefined;
  private watch = new AbortController();
  private generation = 0;
  private unanswered = 0;
  private ended = false;

  constructor(
    private readonly heard: (event: EngineEvent | WorkerEvent) => void,
    private readonly mode: Mode,
  ) {}

  /** Joins the engine that runs a database, or starts it. */
  async start(boot: BootRequest) {
    this.boot = boot;
    if (this.isOwn) return this.own();
    const { held, lost } = hold(tabLock(this.tab));
    try {
      await Promise.race([held, lost]);
    } catch (err) {
      // Locks, databases and workers are forbidden together, with a page's site data.
      this.ended = true;
      this.heard({ type: 'failed', kind: 'forbidden', message: String(err) });
      return;
    }
    if (this.mode === 'dedicated') this.follow();
    else await this.connect();
    setInterval(() => this.ask(), askEvery);
  }

  /** Ends the engine where this tab holds it, or leaves it; what was answered is on disk. */
  end() {
    this.ended = true;
    this.worker?.terminate();
  }

  /** What is said while there is no engine waits for the first one; what was meant for one that has died is dropped. */
  send(request: Request) {
    if (this.joined) this.say(request);
    else this.waiting.push(request);
  }

  private say(request: Request) {
    this.post({ kind: 'say', tab: this.tab, text: JSON.stringify(request) });
  }

  /** Asks a worker to be let in. */
  private async connect() {
    const database = this.boot!.database;
    this.generation = Math.max(this.generation, await generationOf(database));
    const name = writeName({ database, generation: this.generation });
    if (this.mode === 'shared') {
      const { port } = this.shared(name);
      this.post = (message) => port.postMessage(message);
    } else if (this.leads) {
      this.worker?.terminate();
      this.employ(name);
    }
    this.post({ kind: 'join', tab: this.tab });
  }

  private get isOwn(): boolean {
    return this.boot!.database.startsWith(nowhere);
  }

  /** Starts a worker that only this tab knows of. */
  private own() {
    this.employ(writeName({ database: this.boot!.database, generation: 0 }));
    this.post({ kind: 'join', tab: this.tab });
  }

  private employ(name: string) {
    const worker = new Worker(workerURL, { type: 'module', name });
    worker.onmessage = ({ data }) => this.take(data);
    worker.onerror = (event) => this.broken(event);
    this.worker = worker;
    this.post = (message) => worker.postMessage(message);
  }

  private shared(name: string): SharedWorker {
    const worker = new SharedWorker(workerURL, { type: 'module', name });
    worker.port.onmessage = ({ data }) => this.take(data);
    worker.onerror = (event) => this.broken(event);
    return worker;
  }

  /** Goes through whoever leads, and leads when nobody else does. */
  private follow() {
    const database = this.boot!.database;
    const channel = new BroadcastChannel(engineChannel(database));
    const inbox = new BroadcastChannel(tabChannel(this.tab));
    inbox.onmessage = ({ data }) => this.take(data);
    channel.onmessage = ({ data }) => this.take(data);
    this.post = (message) => channel.postMessage(message);
    void this.connect();
    void this.lead({});
  }

  private lead(options: LockOptions): Promise<void> {
    return navigator.locks
      .request(leaderLock(this.boot!.database), options, async () => {
        this.leads = true;
        if (this.joined) this.lost();
        else await this.connect();
        await new Promise<never>(() => {});
      })
      .catch(() => {
        // Another tab has given this one up and leads now.
        this.leads = false;
        this.worker?.terminate();
        location.reload();
      });
  }

  private take(message: FromWorker | ToWorker) {
    if (this.ended || 'tab' in message) return;
    switch (message.kind) {
      case 'here':
        // A new leader: whoever led before is gone.
        if (this.leads || message.engine === this.joined) return;
        if (this.joined) this.lost();
        else void this.connect();
        return;
      case 'joined':
        return this.join(message.engine);
      case 'pong':
        this.unanswered = 0;
        return;
      case 'say':
        if (message.engine === this.joined) this.hear(JSON.parse(message.text));
    }
  }

  private join(engine: string) {
    if (this.joined === engine) return;
    this.joined = engine;
    this.unanswered = 0;
    this.watch = new AbortController();
    if (!this.isOwn) whenReleased(engine, () => this.lost(), this.watch.signal);
    this.say(this.boot!);
    this.waiting.splice(0).forEach((request) => this.say(request));
  }

  private hear(event: EngineEvent | WorkerEvent) {
    // An engine that could not be started is not started over and over.
    if (event.type === 'failed' && event.kind === 'engine') this.watch.abort();
    this.heard(event);
  }

  /** The engine is gone: says so, and goes to the next one. */
  private lost() {
    this.watch.abort();
    if (!this.joined || this.ended) return;
    this.joined = undefined;
    this.waiting = [];
    this.heard({ type: 'lost' });
    void this.connect();
  }

  /** Gives up an engine that does not answer. */
  private ask() {
    if (!this.joined || this.watch.signal.aborted) return;
    if (this.unanswered++ < patience) {
      this.post({ kind: 'ping', tab: this.tab });
      return;
    }
    this.generation++;
    if (this.mode === 'dedicated' && !this.leads) void this.lead({ steal: true });
    else this.lost();
  }

  private broken(event: ErrorEvent) {
    this.heard({ type: 'failed', kind: 'engine', message: event.message || 'the engine could not be started' });
  }
}
