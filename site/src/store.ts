import { useEffect, useState } from 'preact/hooks';
import { empty, follow, type Chain } from './chain/chain';
import { Console } from './console/lines';
import { knowsKind, learnKind, nodeOf } from './engine/actors';
import { Engine, type Mode } from './engine/client';
import { Questions } from './engine/questions';
import { isServed, Served } from './engine/served';
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
  Speed,
  Traffic,
  Why,
  WorkerEvent,
} from './engine/protocol';
import { engineName } from './lessons/address';
import type { Lesson } from './lessons/lesson';
import { kinds } from './objects/api';
import { database, ofThisTab, retained } from './storage/clusters';
import type { Tab } from './log/Log';
import { Storage } from './storage/storage';
import { Past } from './time/past';
import { placed } from './words';

export type Phase = 'download' | 'start' | 'waiting' | 'ready' | 'failed';

/** How long the last event stays lit when nothing follows, in milliseconds. */
const lightTime = 1600;

/** How long requests are drawn, in milliseconds of the cluster's time. */
const second = 1000;

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
  /** How things stand now; what is shown may be the past. */
  readonly present = {
    actors: [] as ActorState[],
    overview: undefined as Overview | undefined,
    chain: empty as Chain,
    /** What was told of requests, of each run the last second. */
    requests: [] as Entry[],
    /** When requests were sent last, while that is only just now, or while the world is paused. */
    flowing: '',
    /** What has happened last. */
    now: undefined as Entry | undefined,
    /** The same while it has only just happened, or while the world is paused. */
    lit: undefined as Entry | undefined,
    /** The last request that is worth showing. */
    request: undefined as Entry | undefined,
  };
  /** The images that nodes pulled while the learner looked on; a node's own report of them comes later. */
  pulled = new Map<string, Set<string>>();
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
  /** What is selected with its reasons, once the engine has told them. */
  why: Why | undefined;
  /** How often something was selected. */
  selection = 0;
  /** The newest entry that was heard of. */
  newest = 0;
  /** What the lower panel shows. */
  tab: Tab = 'writes';
  resource = 'pods';
  object: ObjectName | undefined;
  /** The revisions and the actors on the chain that is lit. */
  private chained = new Set<number>();
  touched = new Set<string>();

  readonly console: Console;
  readonly questions = new Questions((request) => this.send(request));
  readonly past = new Past(this.questions, (revision) => this.byRevision.get(revision), () => this.changed());
  /** What is to be forked: the revision, and the line to run there. */
  forking: { revision: number; line: string } | undefined;
  readonly storage: Storage;
  private readonly database: string;
  /** Whether the cluster lives in `tabernetes serve`, not in this browser. Lessons have theirs in any case. */
  readonly served: boolean;
  private readonly engine: Pick<Engine, 'start' | 'send' | 'end'>;
  private readonly listeners = new Set<() => void>();
  /** The last entry that was there when the page came. */
  private before = 0;
  private lastRevision = 1; // etcd begins with 1, which nobody wrote
  private asked = new Set<number>();
  private wondered = new Set<string>();
  private scheduled = false;
  private undrawn = false;
  private taps: ((event: EngineEvent | WorkerEvent) => void)[] = [];
  private dim: ReturnType<typeof setTimeout> | undefined;
  private ebb: ReturnType<typeof setTimeout> | undefined;

  /** cluster undefined: one that is kept nowhere. */
  constructor(
    private speed: Speed,
    cluster: string | undefined,
    mode: Mode,
    readonly lessonId?: string,
    /** What a link holds of a lesson that somebody else does. */
    readonly guest?: string,
  ) {
    this.database = cluster === undefined ? ofThisTab() : lessonId ? engineName(lessonId) : database(cluster);
    this.storage = new Storage(cluster ?? 'shared', cluster === undefined, this.questions, (request) => this.send(request), () => this.changed());
    this.served = isServed() && !lessonId && cluster !== undefined;
    const take = (event: EngineEvent | WorkerEvent) => this.take(event);
    this.engine = this.served ? new Served(take) : new Engine(take, mode);
    this.console = new Console((request) => this.send(request), () => this.changed(), () => {
      // What comes now is of more interest than what was looked at.
      this.select(undefined);
    }, () => this.past.at);
    if (cluster) this.console.begin(cluster);
  }

  /** Starts the engine with the cluster that is in this browser, or a new one; or with a lesson, which it is then given. */
  boot(nodes: number, seed: number, begin: Begin = {}) {
    void this.engine.start({ type: 'boot', seed, nodes, database: this.database, speed: this.speed, lessons: !!this.lessonId, retain: retained(this.storage.cluster), ...begin });
  }

  /** Has someone hear what the engine tells, after the store has taken it in. */
  tap(hear: (event: EngineEvent | WorkerEvent) => void) {
    this.taps.push(hear);
  }

  get actors(): ActorState[] {
    return this.past.reading?.actors ?? this.present.actors;
  }

  get overview(): Overview | undefined {
    return this.past.reading?.overview ?? this.present.overview;
  }

  get chain(): Chain {
    return this.past.reading?.chain ?? this.present.chain;
  }

  get requests(): Entry[] {
    return this.past.reading?.requests ?? this.present.requests;
  }

  /** Whether the requests that an entry tells of have only just been sent, or had been then. */
  flowing = (entry: Entry): boolean => {
    const now = this.past.reading?.now ?? this.present.flowing;
    return !!now && Date.parse(entry.time) >= Date.parse(now) - second;
  };

  get now(): Entry | undefined {
    return this.past.reading ? this.past.reading.entry : this.present.now;
  }

  get lit(): Entry | undefined {
    return this.past.reading ? this.past.reading.entry : this.present.lit;
  }

  get request(): Entry | undefined {
    return this.past.reading ? this.past.reading.entry : this.present.request;
  }

  /** The last revision that is shown. */
  get head(): number {
    return this.past.reading?.revision ?? this.frame?.revision ?? 1;
  }

  /** Makes a new cluster of a revision and goes there; answers why not, where not. */
  async fork(revision: number, name: string, line: string): Promise<string> {
    this.storage.busy = true;
    const answer = await this.questions.ask({ type: 'fork', revision, database: database(name) });
    this.storage.busy = false;
    this.changed();
    if (!answer || answer.error) return answer?.error ?? '';
    this.console.handOver(name, line);
    this.storage.follow(name, answer.nodes);
    return '';
  }

  /** Opens the fork's dialog, or (undefined) closes it. */
  wantFork(revision?: number, line = '') {
    this.forking = revision === undefined ? undefined : { revision, line };
    this.changed();
  }

  send(request: Request) {
    this.engine.send(request);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Selects a write: what led to it and what it led to is lit, the rest fades. */
  select(revision: number | undefined) {
    this.selected = revision;
    void this.reason(revision === undefined ? undefined : { revision, entry: 0 });
  }

  /** Selects any entry of the trace. */
  inspect(entry: Entry | undefined) {
    this.selected = entry?.type === 'write' ? entry.revision : undefined;
    void this.reason(entry && { revision: 0, entry: entry.seq });
  }

  private async reason(of: { revision: number; entry: number } | undefined) {
    const selection = of ? ++this.selection : (this.selection = 0, 0);
    this.why = undefined;
    this.changed();
    const answer = of && (await this.questions.ask({ type: 'why', ...of }));
    if (!answer?.why || selection !== this.selection) return;
    const { why } = answer;
    this.why = why;
    const own = why.entry.revision ?? 0;
    this.chained = new Set([...why.because, own, ...why.led]);
    this.touched = new Set([why.entry.actor, ...why.told.map((e) => e.actor)]);
    for (const revision of this.chained) this.touched.add(this.byRevision.get(revision)?.actor ?? '');
    this.changed();
  }

  /** Whether an entry is on the chain that is lit; everything is where none is. */
  touches({ seq, type, revision, actor, causes }: Entry): boolean {
    if (!this.why || seq === this.why.entry.seq) return true;
    if (type === 'decision') return seq === this.why.decision?.seq || !!causes?.some((r) => this.chained.has(r));
    return this.chained.has(revision ?? 0) && this.touched.has(actor);
  }

  /** Whether a write is on the chain that is lit. */
  related(revision: number): boolean {
    return this.selected === undefined || revision === this.selected || (!!this.why && this.chained.has(revision));
  }

  show(tab: Tab) {
    this.tab = tab;
    this.changed();
  }

  /** Shows an object, or (undefined) the list of its kind. */
  open(object: ObjectName | undefined) {
    this.resource = object?.resource ?? this.object?.resource ?? this.resource;
    this.object = object;
    this.show('objects');
  }

  /** Lists a kind's objects. */
  browse(resource: string) {
    this.object = undefined;
    this.resource = resource;
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
  async complete(line: string): Promise<string[]> {
    if (this.phase !== 'ready') return [];
    // The engine counts bytes.
    const cursor = new TextEncoder().encode(line).length;
    return (await this.questions.ask({ type: 'complete', line, cursor }))?.words ?? [];
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
        this.before = event.entry;
        performance.mark('tabernetes:ready');
        this.console.open();
        // Where the browser lists no databases there is none to go to.
        this.storage.look().catch(() => {});
        return;
      case 'frame':
        return this.draw(event);
      case 'output':
        return this.console.print(event.id, event.stream, event.text);
      case 'done':
        if (event.exit === 0 && !this.served) this.storage.worked();
        return this.console.done(event.id, event.exit, event.changing);
      case 'clear':
        return this.console.clear();
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
      case 'usage':
        return this.storage.hear(event);
      case 'resumed':
        if (!event.error) this.failure = undefined;
        return this.storage.hear(event);
      case 'opened':
        if (!event.resumed) this.console.clear();
        return this.lesson?.hear(event);
      case 'checks':
      case 'kept':
        return this.lesson?.hear(event);
      case 'gone':
        location.reload();
        return;
      case 'failed':
        return this.fail(event);
      default:
        return this.questions.hear(event);
    }
  }

  /** The engine is gone: the next one tells everything anew. */
  private lose() {
    this.console.lose();
    this.storage.lose();
    this.editor = undefined;
    this.questions.lose();
    this.past.lose();
    this.selected = this.why = this.object = this.frame = undefined;
    this.newest = 0;
    Object.assign(this.present, { now: undefined, lit: undefined, request: undefined, chain: empty, requests: [] });
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
    if (frame.actors) this.present.actors = frame.actors;
    if (frame.overview) this.present.overview = frame.overview;
    frame.entries?.forEach((entry) => this.note(entry));
    if (this.writes.length > keepWrites * 1.2) this.forget(this.writes.length - keepWrites);
  }

  private note(entry: Entry) {
    this.newest = entry.seq;
    this.wonder(entry.resource);
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
    if (entry.verdict?.traffic) this.flow(entry);
    if (entry.verb === 'pull') this.notePull(entry);
    if (entry.seq <= this.before) return;
    this.witness(entry);
  }

  /** Asks the API server, once, what the kind is that a resource holds: a definition may have added it. */
  private wonder(resource: string) {
    if (knowsKind(resource) || this.wondered.has(resource) || this.phase !== 'ready') return;
    this.wondered.add(resource);
    kinds(this).then((all) => {
      all.forEach(({ resource, kind }) => learnKind(resource, kind));
      this.changed();
    }, () => {});
  }

  /** Takes in what happens while the learner looks on. */
  private witness(entry: Entry) {
    if (placed(entry)) this.chosen.set(`${entry.namespace}/${entry.name}`, entry.verdict?.result ?? '');
    const { present } = this;
    present.chain = follow(present.chain, entry);
    if (!telling(entry)) return;
    present.now = entry;
    this.light(entry);
    if (entry.type === 'write' || entry.type === 'refused') present.request = entry;
  }

  /** Takes in what is told of requests; they are drawn until none have been sent for a while. */
  private flow(entry: Entry) {
    const { run } = entry.verdict!.traffic!;
    const since = Date.parse(entry.time) - second;
    this.present.requests = this.present.requests.filter((e) => e.verdict!.traffic!.run !== run || Date.parse(e.time) > since).slice(-20);
    this.present.requests.push(entry);
    // What a tab that has just come is told of may be long over.
    if (Date.parse(entry.time) < Date.parse(this.frame!.now) - second) return;
    this.present.flowing = entry.time;
    clearTimeout(this.ebb);
    this.ebb = this.unlessPaused(() => (this.present.flowing = ''));
  }

  private notePull(entry: Entry) {
    const image = entry.verdict?.subject;
    if (!image || entry.verdict?.result !== 'pulled') return;
    const node = nodeOf(entry.actor);
    this.pulled.set(node, (this.pulled.get(node) ?? new Set()).add(image));
  }

  /** Lights an entry; the light goes out when nothing follows. */
  private light(entry: Entry) {
    this.present.lit = entry;
    clearTimeout(this.dim);
    this.dim = this.unlessPaused(() => (this.present.lit = undefined));
  }

  /** Does something after a while in which nothing followed. */
  private unlessPaused(act: () => void) {
    return setTimeout(() => {
      if (this.frame?.playing === false) return;
      act();
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

/** An object, named. */
export interface ObjectName {
  group: string;
  resource: string;
  namespace: string;
  name: string;
}

/** Whether a write is only bookkeeping: there are many, and they are no part of the chain. */
export function minor(entry: Entry): boolean {
  if (entry.resource === 'events' || entry.resource === 'leases') return true;
  return entry.resource === 'nodes' && entry.subresource === 'status';
}

/** Whether an entry is worth a sentence. */
function telling(entry: Entry): boolean {
  if (minor(entry)) return false;
  if (entry.verdict?.traffic) return tellingOf(entry.verdict.traffic);
  return entry.type !== 'delivery' || !!entry.step;
}

/** Of requests the first, the first that are lost, and the end. */
function tellingOf({ sent, answered, over, ways = [] }: Traffic): boolean {
  const lost = ways.reduce((n, way) => n + (way.lost ? way.count : 0), 0);
  return over || sent === 1 || (lost > 0 && lost === sent - answered);
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
