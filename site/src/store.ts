import { useEffect, useState } from 'preact/hooks';
import { empty, follow, type Chain } from './chain/chain';
import { Console } from './console/lines';
import { nodeOf } from './engine/actors';
import { Engine, type Mode } from './engine/client';
import type {
  ActorState,
  BootRequest,
  Change,
  EditEvent,
  EngineEvent,
  Entry,
  FailedEvent,
  FrameEvent,
  Overview,
  Request,
  SharedEvent,
  Speed,
  WorkerEvent,
} from './engine/protocol';
import { engineName } from './lessons/address';
import type { Lesson } from './lessons/lesson';
import { database, ofThisTab } from './storage/clusters';
import { Storage } from './storage/storage';
import { placed } from './words';

export type Phase = 'download' | 'start' | 'waiting' | 'ready' | 'failed';

/** How long the last event stays lit when nothing follows, in milliseconds. */
const lightTime = 1600;

/** How many writes the page keeps; the engine has them all. */
const keepWrites = 30_000;

/** What a new cluster begins with. */
export type Begin = Pick<BootRequest, 'start' | 'session' | 'archive'>;

/** Everything the page shows. It is changed in place; `version` tells that it was. */
export class Store {
  version = 0;
  phase: Phase = 'download';
  loaded = 0;
  total = 0;
  failure: FailedEvent | undefined;
  editor: EditEvent | undefined;

  frame: FrameEvent | undefined;
  actors: ActorState[] = [];
  overview: Overview | undefined;
  chain: Chain = empty;
  /** What has happened last. */
  now: Entry | undefined;
  /** The same while it has only just happened, or while the world is paused. */
  lit: Entry | undefined;
  /** The images that nodes pulled while the learner looked on; a node's own report of them comes later. */
  pulled = new Map<string, Set<string>>();
  /** The last request that is worth showing. */
  request: Entry | undefined;
  /** The node that the scheduler chose, by pod. */
  chosen = new Map<string, string>();

  writes: Entry[] = [];
  byRevision = new Map<number, Entry>();
  /** How many writes are missing before an entry, by its seq: the engine leaves out what the page could not follow. */
  gaps = new Map<number, number>();
  /** What each write led to, by revision. */
  ledTo = new Map<number, number[]>();
  changes = new Map<number, Change[]>();
  selected: number | undefined;
  /** The lesson that is done here, once it has come. */
  lesson: Lesson | undefined;

  readonly console: Console;
  readonly storage: Storage;
  private readonly database: string;
  private readonly engine: Engine;
  private readonly listeners = new Set<() => void>();
  private past = 0;
  private lastRevision = 1; // etcd begins with 1, which nobody wrote
  private asked = new Set<number>();
  private scheduled = false;
  private undrawn = false;
  private completions = new Map<number, (words: string[]) => void>();
  private lastCompletion = 0;
  private shares = new Map<number, (shared: SharedEvent) => void>();
  private lastShare = 0;
  private taps: ((event: EngineEvent | WorkerEvent) => void)[] = [];
  private dim: ReturnType<typeof setTimeout> | undefined;

  /** cluster undefined: one that is kept nowhere. */
  constructor(
    private speed: Speed,
    cluster: string | undefined,
    mode: Mode,
    readonly lessonId?: string,
  ) {
    this.database = cluster === undefined ? ofThisTab() : lessonId ? engineName(lessonId) : database(cluster);
    this.storage = new Storage(cluster ?? 'shared', cluster === undefined, (request) => this.send(request), () => this.changed());
    this.engine = new Engine((event) => this.take(event), mode);
    this.console = new Console((request) => this.send(request), () => this.changed(), () => {
      // What comes now is of more interest than what was looked at.
      this.selected = undefined;
    });
  }

  /** Starts the engine with the cluster that is in this browser, or a new one; or with a lesson, which it is then given. */
  boot(nodes: number, seed: number, begin: Begin = {}) {
    void this.engine.start({ type: 'boot', seed, nodes, database: this.database, speed: this.speed, lessons: !!this.lessonId, ...begin });
  }

  /** Has someone hear what the engine tells, after the store has taken it in. */
  tap(hear: (event: EngineEvent | WorkerEvent) => void) {
    this.taps.push(hear);
  }

  /** Asks for what a link to this very cluster has to hold. */
  share(): Promise<SharedEvent> {
    const id = ++this.lastShare;
    return new Promise((resolve) => {
      this.shares.set(id, resolve);
      this.send({ type: 'share', id });
    });
  }

  send(request: Request) {
    this.engine.send(request);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  select(revision: number | undefined) {
    this.selected = revision;
    this.changed();
  }

  /** Asks, once, what writes changed. */
  wantChanges(revisions: number[]) {
    const missing = revisions.filter((r) => !this.asked.has(r)).slice(0, 200);
    if (missing.length === 0) return;
    missing.forEach((r) => this.asked.add(r));
    this.send({ type: 'changed', revisions: missing });
  }

  /** Asks how a line could go on. */
  complete(line: string): Promise<string[]> {
    if (this.phase !== 'ready') return Promise.resolve([]);
    const id = ++this.lastCompletion;
    return new Promise((resolve) => {
      this.completions.set(id, resolve);
      // The engine counts bytes.
      const cursor = new TextEncoder().encode(line).length;
      this.send({ type: 'complete', id, line, cursor });
    });
  }

  closeEditor(content: string, saved: boolean) {
    if (this.editor) this.send({ type: 'edited', id: this.editor.id, content, saved });
    this.editor = undefined;
    this.changed();
  }

  /** Deletes the cluster for good and begins anew: through the engine while it runs, else behind its back. */
  reset() {
    if (this.phase !== 'failed') {
      this.send({ type: 'reset' });
      return;
    }
    this.engine.end();
    const request = indexedDB.deleteDatabase(this.database);
    request.onsuccess = request.onerror = () => location.reload();
  }

  /** Draws at the next frame. */
  changed() {
    this.version++;
    if (this.scheduled) return;
    this.scheduled = true;
    const draw = () => {
      this.scheduled = false;
      this.listeners.forEach((listener) => listener());
      if (this.undrawn) this.send({ type: 'drawn' });
      this.undrawn = false;
    };
    // A hidden page gets no frames, but a test or a screen reader may look at it.
    if (document.visibilityState === 'hidden') setTimeout(draw, 50);
    else requestAnimationFrame(draw);
  }

  private take(event: EngineEvent | WorkerEvent) {
    this.hear(event);
    this.taps.forEach((hear) => hear(event));
    this.changed();
  }

  private hear(event: EngineEvent | WorkerEvent) {
    switch (event.type) {
      case 'progress':
        this.phase = event.phase;
        this.loaded = event.loaded;
        this.total = event.total;
        return;
      case 'waiting':
        this.phase = 'waiting';
        return;
      case 'listening':
        performance.mark('tabernetes:listening');
        return;
      case 'lost':
        performance.mark('tabernetes:lost');
        this.lose();
        this.phase = 'start';
        this.lesson?.open();
        return;
      case 'ready':
        if (this.phase === 'ready') this.lose();
        this.failure = undefined;
        this.phase = 'ready';
        this.past = event.entry;
        performance.mark('tabernetes:ready');
        this.console.open();
        return;
      case 'frame':
        return this.draw(event);
      case 'output':
        return this.console.print(event.id, event.stream, event.text);
      case 'done':
        if (event.exit === 0) this.storage.worked();
        return this.console.done(event.id, event.exit);
      case 'clear':
        return this.console.clear();
      case 'completed':
        this.completions.get(event.id)?.(event.words);
        this.completions.delete(event.id);
        return;
      case 'changed':
        for (const [revision, changes] of Object.entries(event.changes)) {
          this.changes.set(Number(revision), changes ?? []);
        }
        return;
      case 'edit':
        this.editor = event;
        return;
      case 'typed':
        return this.console.told(event.id, event.line);
      case 'shared':
        this.shares.get(event.id)?.(event);
        this.shares.delete(event.id);
        return;
      case 'object':
        return;
      case 'usage':
      case 'exported':
      case 'imported':
        return this.storage.hear(event);
      case 'resumed':
        if (!event.error) this.failure = undefined;
        return this.storage.hear(event);
      case 'opened':
        if (!event.resumed) this.console.clear();
        return this.lesson?.hear(event);
      case 'checks':
      case 'kept':
      case 'handedIn':
        return this.lesson?.hear(event);
      case 'gone':
        location.reload();
        return;
      case 'failed':
        return this.fail(event);
    }
  }

  /** The engine is gone: the next one tells everything anew. */
  private lose() {
    this.console.lose();
    this.storage.lose();
    this.completions.forEach((answer) => answer([]));
    this.completions.clear();
    this.editor = undefined;
    this.selected = this.now = this.lit = this.request = this.frame = undefined;
    this.chain = empty;
    this.writes = [];
    this.lastRevision = 1;
    for (const known of [this.byRevision, this.gaps, this.ledTo, this.changes, this.asked, this.pulled, this.chosen]) known.clear();
  }

  private fail(event: FailedEvent) {
    if (event.kind === 'request') {
      this.console.note(event.message);
      return;
    }
    this.failure = event;
    if (event.kind === 'engine' || event.kind === 'forbidden') this.phase = 'failed';
  }

  private draw(frame: FrameEvent) {
    this.undrawn = true;
    this.frame = frame;
    if (frame.actors) this.actors = frame.actors;
    if (frame.overview) this.overview = frame.overview;
    frame.entries?.forEach((entry) => this.note(entry));
    if (this.writes.length > keepWrites * 1.2) this.forget(this.writes.length - keepWrites);
  }

  private note(entry: Entry) {
    if (entry.type === 'write' || entry.type === 'refused') this.writes.push(entry);
    if (entry.type === 'write' && entry.revision) {
      const missing = entry.revision - this.lastRevision - 1;
      if (missing > 0) this.gaps.set(entry.seq, missing);
      this.lastRevision = entry.revision;
      this.byRevision.set(entry.revision, entry);
      for (const cause of entry.causes ?? []) {
        const led = this.ledTo.get(cause);
        if (led) led.push(entry.revision);
        else this.ledTo.set(cause, [entry.revision]);
      }
    }
    if (entry.seq <= this.past) return;
    this.witness(entry);
  }

  /** Takes in what happens while the learner looks on. */
  private witness(entry: Entry) {
    if (entry.verb === 'pull') this.notePull(entry);
    if (placed(entry)) this.chosen.set(`${entry.namespace}/${entry.name}`, entry.verdict?.result ?? '');
    this.chain = follow(this.chain, entry);
    if (!telling(entry)) return;
    this.now = entry;
    this.light(entry);
    if (entry.type === 'write' || entry.type === 'refused') this.request = entry;
  }

  private notePull(entry: Entry) {
    const image = entry.verdict?.subject;
    if (!image || entry.verdict?.result !== 'pulled') return;
    const node = nodeOf(entry.actor);
    this.pulled.set(node, (this.pulled.get(node) ?? new Set()).add(image));
  }

  /** Lights an entry; the light goes out when nothing follows. */
  private light(entry: Entry) {
    this.lit = entry;
    clearTimeout(this.dim);
    this.dim = setTimeout(() => {
      if (this.frame?.playing === false) return;
      this.lit = undefined;
      this.changed();
    }, lightTime);
  }

  private forget(n: number) {
    for (const entry of this.writes.splice(0, n)) {
      this.gaps.delete(entry.seq);
      if (!entry.revision) continue;
      this.byRevision.delete(entry.revision);
      this.ledTo.delete(entry.revision);
      this.changes.delete(entry.revision);
    }
  }
}

/** Whether a write is only bookkeeping: there are many, and they are no part of the chain. */
export function minor(entry: Entry): boolean {
  if (entry.resource === 'events' || entry.resource === 'leases') return true;
  return entry.resource === 'nodes' && entry.subresource === 'status';
}

/** Whether an entry is worth a sentence. */
function telling(entry: Entry): boolean {
  if (minor(entry)) return false;
  return entry.type !== 'delivery' || !!entry.step;
}

/** Redraws the component whenever the store has changed. */
export function useStore(store: Store): Store {
  const [, setVersion] = useState(store.version);
  useEffect(() => {
    setVersion(store.version);
    return store.subscribe(() => setVersion(store.version));
  }, [store]);
  return store;
}
