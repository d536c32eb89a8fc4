// The messages between the page and the engine's worker: JSON objects told
// apart by `type`. The Go twin is wasm/driver/protocol.go; a test there reads
// this file and compares every message's name and fields with it.

// --- What the page asks of the engine -------------------------------------

/**
 * Opens the database and the cluster in it, or joins who has; `nodes`, `seed` and what follows `speed` count only for
 * a new one, `speed` only where no other tab is. A database whose name begins with `memory:` is kept nowhere.
 */
export interface BootRequest {
  type: 'boot';
  seed: number;
  nodes: number;
  database: string;
  speed: Speed;
  /** A lesson is to be done here, which `lesson` says; the database is only a name. */
  lessons: boolean;
  /** How many revisions of history are kept at least; -1: all, 0 or none: what the engine finds right. */
  retain?: number;
  /** Console lines typed, each to its end, before the cluster is ready. */
  start?: string[];
  /** A shared session, done again before the cluster is ready; it brings its own seed and nodes. */
  session?: string;
  /** A cluster to begin with, base64; only in memory. */
  archive?: string;
}

/** Runs what was typed at the console: one line, or several with here-documents. */
export interface ExecRequest {
  type: 'exec';
  id: number;
  line: string;
  /** The past that is asked; absent: the cluster as it is. */
  revision?: number;
}

/** Ctrl-C. */
export interface InterruptRequest {
  type: 'interrupt';
  id: number;
}

/** Asks how the line could go on; answered by `completed`. */
export interface CompleteRequest {
  type: 'complete';
  id: number;
  line: string;
  cursor: number;
}

/** Answers `edit`: the editor was closed. */
export interface EditedRequest {
  type: 'edited';
  id: number;
  content: string;
  saved: boolean;
}

export interface PauseRequest {
  type: 'pause';
}

export interface PlayRequest {
  type: 'play';
}

/** Takes the next event of the world and pauses. */
export interface StepRequest {
  type: 'step';
}

/** Takes events until something has been written, and pauses. */
export interface StepWriteRequest {
  type: 'stepWrite';
}

export interface SpeedRequest {
  type: 'speed';
  speed: Speed;
}

/** Lays hands on a component. */
export interface ComponentRequest {
  type: 'component';
  actor: string;
  action: 'hold' | 'release' | 'restart' | 'stop' | 'start' | 'disconnect';
}

/**
 * Has something happen outside of the cluster. `pulls`: how an image comes from its registry from now on, `nginx 30s`
 * (each pull takes so much longer), `nginx fail` (the registry does not answer), `nginx normal`.
 * `requests`: so many requests a second for a while, `http://web 20/s 30s`, `outside http://172.18.0.1:30080 5/s 1m`.
 */
export interface OutsideRequest {
  type: 'outside';
  do: 'pulls' | 'requests';
  with: string;
}

/** Asks which fields some writes changed; answered by `changed`. */
export interface ChangedRequest {
  type: 'changed';
  revisions: number[];
}

/** Asks for an object's YAML at a revision (0: now); answered by `object`. */
export interface ObjectRequest {
  type: 'object';
  id: number;
  group: string;
  resource: string;
  namespace: string;
  name: string;
  revision: number;
}

/** Asks for the cluster as it was at a revision; answered by `looked`. */
export interface LookRequest {
  type: 'look';
  id: number;
  revision: number;
}

/** Asks for one page of the trace; answered by `traced`. */
export interface TraceRequest {
  type: 'trace';
  id: number;
  level: Level;
  actor?: string;
  /** Part of an object's resource/name or namespace/name. */
  text?: string;
  /** Bookkeeping too. */
  minor?: boolean;
  /** The last entry that counts; 0: the newest. */
  until?: number;
  /** Where the page begins among the entries wanted; -1: the last page. */
  from: number;
  limit: number;
  /** An entry that the page is to be around. */
  find?: number;
}

/** Asks for the ten steps, folded, of the last chains up to an entry (0: the newest); answered by `grouped`. */
export interface GroupsRequest {
  type: 'groups';
  id: number;
  until: number;
}

/** Asks what led to an entry and what it led to; answered by `why`. Where no entry is named, the one that wrote the revision is meant. */
export interface WhyRequest {
  type: 'why';
  id: number;
  revision: number;
  entry: number;
}

/** A GET of the API server, as it is or (revision) as it was; answered by `got`. */
export interface GetRequest {
  type: 'get';
  id: number;
  path: string;
  accept: string;
  revision: number;
}

/** Asks what a component is waiting for; answered by `waited`. */
export interface WaitsRequest {
  type: 'waits';
  id: number;
  actor: string;
}

/** Puts the cluster as it was at a revision into a database that holds none; answered by `forked`. */
export interface ForkRequest {
  type: 'fork';
  id: number;
  revision: number;
  database: string;
}

/** Skips virtual time, with all that happens in it. */
export interface AdvanceRequest {
  type: 'advance';
  seconds: number;
}

/** The last frame has been drawn; until then no other is sent. */
export interface DrawnRequest {
  type: 'drawn';
}

/** Deletes the cluster for good; `gone` tells every tab. */
export interface ResetRequest {
  type: 'reset';
}

/** Asks what is kept; answered by `usage`. */
export interface UsageRequest {
  type: 'usage';
  /** From now on keep so many revisions at least; -1: all. */
  retain?: number;
}

/** Asks for the whole cluster as one file that says it has this name; answered by `exported`. */
export interface ExportRequest {
  type: 'export';
  id: number;
  name: string;
}

/** Puts a file's cluster into a database that holds none; answered by `imported`. */
export interface ImportRequest {
  type: 'import';
  id: number;
  database: string;
  /** base64 */
  data: string;
}

/** Goes on where the space had run out, after dropping history but for the last revisions; `resumed` tells every tab. */
export interface RoomRequest {
  type: 'room';
  keep: number;
}

/** Opens a lesson, or joins who has it open; answered by `opened`, and from then on by `checks` and `kept`. */
export interface LessonRequest {
  type: 'lesson';
  /** The lesson's pack, as the build made it. */
  pack: string;
  student: string;
  /** What `kept` said last, to go on from there; empty to begin. */
  saved: string;
  /** Begins anew where it is open already. */
  anew: boolean;
}

/** Answers a question of the lesson. */
export interface AnswerRequest {
  type: 'answer';
  check: string;
  answer: Answer;
}

/** Asks for the file to hand in; answered by `handedIn`. */
export interface HandInRequest {
  type: 'handIn';
  id: number;
}

/** Asks for what a link to this very cluster has to hold; answered by `shared`. */
export interface ShareRequest {
  type: 'share';
  id: number;
}

export type Request =
  | BootRequest
  | ExecRequest
  | InterruptRequest
  | CompleteRequest
  | EditedRequest
  | PauseRequest
  | PlayRequest
  | StepRequest
  | StepWriteRequest
  | SpeedRequest
  | ComponentRequest
  | OutsideRequest
  | ChangedRequest
  | ObjectRequest
  | LookRequest
  | TraceRequest
  | GroupsRequest
  | WhyRequest
  | GetRequest
  | WaitsRequest
  | ForkRequest
  | AdvanceRequest
  | DrawnRequest
  | ResetRequest
  | UsageRequest
  | ExportRequest
  | ImportRequest
  | RoomRequest
  | LessonRequest
  | AnswerRequest
  | HandInRequest
  | ShareRequest;

// --- What the engine tells the page ----------------------------------------

/** The cluster is there; `restored` when it was on disk before. Told anew when it is opened anew. */
export interface ReadyEvent {
  type: 'ready';
  restored: boolean;
  revision: number;
  /** The last entry of the trace: everything up to here is the past. */
  entry: number;
}

/** How things stand, at most thirty times a second; answered by `drawn`. Absent parts have not changed. */
export interface FrameEvent {
  type: 'frame';
  /** Virtual time, RFC 3339. */
  now: string;
  revision: number;
  /** The last revision that is safe on disk. */
  durable: number;
  /** The first revision that can be read. */
  oldest: number;
  /** No work is under way. */
  quiet: boolean;
  playing: boolean;
  speed: Speed;
  /** What the next step would do, in a few words; empty when nothing waits. */
  next: string;
  actors?: ActorState[];
  overview?: Overview;
  /** What has happened since the last frame, in order. */
  entries?: Entry[];
  /** How many entries were left out because there were too many: deliveries first, then what is oldest. */
  omitted?: number;
}

export interface OutputEvent {
  type: 'output';
  id: number;
  stream: 'out' | 'err';
  text: string;
}

/** A console line is finished and everything up to `revision` is on disk. */
export interface DoneEvent {
  type: 'done';
  id: number;
  exit: number;
  revision: number;
  /** It was typed at the past, and asked for more than reading. */
  changing?: boolean;
}

export interface CompletedEvent {
  type: 'completed';
  id: number;
  words: string[];
}

/** The fields that writes changed, by revision. */
export interface ChangedEvent {
  type: 'changed';
  changes: Record<string, Change[]>;
}

export interface ObjectEvent {
  type: 'object';
  id: number;
  yaml: string;
  error: string;
}

/** The cluster as it was; the error is etcd's where it cannot be read. */
export interface LookedEvent {
  type: 'looked';
  id: number;
  revision: number;
  /** When it was written. */
  now: string;
  /** The last entry that had happened before the next revision was written. */
  until: number;
  overview: Overview | null;
  actors: ActorState[] | null;
  /** The ten steps as far as they had been taken. */
  chain: Group[] | null;
  /** What was told last of the runs of requests, the latest at the end, and in the second before. */
  requests: Entry[] | null;
  error: string;
}

/** A page of the trace: entries from one of all that were wanted, and where the one looked for is among all. */
export interface TracedEvent {
  type: 'traced';
  id: number;
  all: number;
  from: number;
  found: number;
  entries: Entry[];
}

export interface GroupedEvent {
  type: 'grouped';
  id: number;
  groups: Group[];
}

/** Null where the entry is not kept. */
export interface WhyEvent {
  type: 'why';
  id: number;
  why: Why | null;
}

/** The API server's answer, or why it could not be asked. */
export interface GotEvent {
  type: 'got';
  id: number;
  code: number;
  body: string;
  error: string;
}

export interface WaitedEvent {
  type: 'waited';
  id: number;
  waits: Waits;
}

/** The fork is on disk, to be opened with so many nodes; or why it is not. */
export interface ForkedEvent {
  type: 'forked';
  id: number;
  nodes: number;
  error: string;
}

/** kubectl edit wants an editor; answered by `edited`. */
export interface EditEvent {
  type: 'edit';
  id: number;
  name: string;
  content: string;
}

/** The console's clear command. */
export interface ClearEvent {
  type: 'clear';
}

/** The cluster has been deleted. */
export interface GoneEvent {
  type: 'gone';
}

/** What the store keeps. */
export interface UsageEvent {
  type: 'usage';
  /** At least so many revisions can be looked at, twice as many at most; -1: all. */
  retain: number;
  revision: number;
  oldest: number;
  revisions: number;
  keys: number;
  /** In memory. */
  bytes: number;
  /** In the browser's database; -1 where that is not known. */
  logBytes: number;
}

export interface ExportedEvent {
  type: 'exported';
  id: number;
  /** base64 */
  data: string;
  error: string;
}

export interface ImportedEvent {
  type: 'imported';
  id: number;
  /** How many nodes the cluster is to be opened with. */
  nodes: number;
  error: string;
}

/** The answer to `room`: why it did not help, empty where it did. */
export interface ResumedEvent {
  type: 'resumed';
  error: string;
}

export interface OpenedEvent {
  type: 'opened';
  lesson: string;
  student: string;
  /** It goes on where it was left. */
  resumed: boolean;
  /** Why what was saved cannot be gone on with. */
  error: string;
}

/** How the lesson's checks stand. */
export interface ChecksEvent {
  type: 'checks';
  points: number;
  of: number;
  results: CheckState[];
  answers: Record<string, Answer>;
  /** What has happened of a prediction's events, in order, by check. */
  observed: Record<string, Observed[]>;
}

/** What the page is to keep, for going on after a reload. */
export interface KeptEvent {
  type: 'kept';
  data: string;
}

export interface HandedInEvent {
  type: 'handedIn';
  id: number;
  /** The file. */
  data: string;
}

/** One of `session` and `archive` is there, or an error. */
export interface SharedEvent {
  type: 'shared';
  id: number;
  session: string;
  /** base64 */
  archive: string | null;
  error: string;
}

/** A line that no tab has typed, but a session or whoever embeds the page; its `output` and `done` follow. */
export interface TypedEvent {
  type: 'typed';
  id: number;
  line: string;
}

/** Something is wrong. `storage`: nothing can be saved any more; `session`: what was shared cannot be had again; `engine`: it has stopped. */
export interface FailedEvent {
  type: 'failed';
  /** forbidden is the page's own: the browser keeps nothing for it, and no engine was started. */
  kind: 'storage' | 'space' | 'gone' | 'session' | 'engine' | 'request' | 'forbidden';
  message: string;
}

export type EngineEvent =
  | ReadyEvent
  | FrameEvent
  | OutputEvent
  | DoneEvent
  | CompletedEvent
  | ChangedEvent
  | ObjectEvent
  | LookedEvent
  | TracedEvent
  | GroupedEvent
  | WhyEvent
  | GotEvent
  | WaitedEvent
  | ForkedEvent
  | EditEvent
  | ClearEvent
  | GoneEvent
  | UsageEvent
  | ExportedEvent
  | ImportedEvent
  | ResumedEvent
  | OpenedEvent
  | ChecksEvent
  | KeptEvent
  | HandedInEvent
  | SharedEvent
  | TypedEvent
  | FailedEvent;

// --- What the worker's own script tells the page, before there is an engine --

export interface ProgressEvent {
  type: 'progress';
  phase: 'download' | 'start';
  loaded: number;
  total: number;
}

/** An engine that cannot be joined has the cluster open; this one goes on when that one ends. */
export interface WaitingEvent {
  type: 'waiting';
}

/** The engine hears requests from now on. */
export interface ListeningEvent {
  type: 'listening';
}

/** The engine has died: what it had not answered may or may not have been done. The next `ready` is another engine's. */
export interface LostEvent {
  type: 'lost';
}

export type WorkerEvent = ProgressEvent | WaitingEvent | ListeningEvent | LostEvent;

// --- What they speak of -------------------------------------------------------

/** slow and watch give every step of the chain its time; real is the world's own; once is as fast as can be. */
export type Speed = 'slow' | 'watch' | 'real' | 'once';

export interface ActorState {
  name: string;
  held: boolean;
  stopped: boolean;
  /** The last revision delivered to it. */
  seen: number;
}

/** One thing that happened. Mirrors core/cluster's Entry. */
export interface Entry {
  seq: number;
  type: 'write' | 'refused' | 'delivery' | 'decision';
  /** The write's own, or the one delivered. */
  revision?: number;
  time: string;
  actor: string;
  verb: string;
  group?: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  method?: string;
  path?: string;
  code?: number;
  reason?: string;
  message?: string;
  causes?: number[];
  /** Which of the ten steps of the chain it is. */
  step?: number;
  verdict?: Verdict;
}

/** A field that a write changed; old and new are JSON, absent where there was nothing. */
export interface Change {
  path: string;
  old?: string;
  new?: string;
}

export interface Verdict {
  action: string;
  result: string;
  subject?: string;
  message?: string;
  nodes?: NodeVerdict[];
  /** The scheduler's filters that had something to say, in their order. */
  filters?: string[];
  /** The node that is to become the pod's when the victims, namespace/name, are gone. */
  nominated?: string;
  victims?: string[];
  traffic?: Traffic;
}

/** A run of requests from one caller to one place, up to an entry; `ways` are of those since the run's last entry. */
export interface Traffic {
  run: number;
  /** A pod as namespace/name, `pods` on all nodes in turn, or `outside`. */
  from: string;
  service?: string;
  sent: number;
  answered: number;
  /** By reason. */
  lost?: Record<string, number>;
  over?: boolean;
  ways?: Way[];
}

/** Where some requests went: to a pod, namespace/name, or to nobody; and why they were lost, if they were. */
export interface Way {
  pod?: string;
  node?: string;
  lost?: string;
  count: number;
}

/** A row of the scheduler's table: the plugin that filtered the node out and why, or what each plugin gave it. */
export interface NodeVerdict {
  node: string;
  plugin?: string;
  reason?: string;
  scores?: { plugin: string; score: number; weight: number }[];
  total: number;
}

/** From afar to near: the ten steps, every write, everything. */
export type Level = 'steps' | 'writes' | 'all';

/** A step as often as it was taken between two deeds of the learner's. */
export interface Group {
  first: Entry;
  last: Entry;
  count: number;
  actors: string[];
}

/** An entry with what led to it and what it led to. */
export interface Why {
  entry: Entry;
  /** The writes before and after, directly or not. */
  because: number[];
  led: number[];
  /** From the entry back to the learner's deed. */
  path: Entry[];
  /** Who was told of the write. */
  told: Entry[];
  /** The scheduler's choice behind it. */
  decision?: Entry;
}

export interface Waits {
  next: { at: string; kind: string; what: string }[];
  all: number;
}

/** What the map draws. */
export interface Overview {
  revision: number;
  nodes: NodeView[];
  /** Pods without a node; of very many only the first are listed. */
  unscheduled: PodView[];
  /** How many pods have no node. */
  waiting: number;
  deployments: WorkloadView[];
  replicaSets: WorkloadView[];
}

export interface NodeView {
  name: string;
  ready: boolean;
  unschedulable?: boolean;
  images: string[];
  /** Of very many only the first are listed. */
  pods: PodView[];
  total: number;
  running: number;
}

export interface PodView {
  namespace: string;
  name: string;
  /** As kubectl get pods shows it. */
  status: string;
  ready: boolean;
  owner?: string;
}

/** A Deployment or a ReplicaSet. */
export interface WorkloadView {
  namespace: string;
  name: string;
  owner?: string;
  desired: number;
  current: number;
  ready: number;
}

// --- What the messages about a lesson speak of --------------------------------

/** What a learner said to a question. Mirrors lessons.Answer. */
export interface Answer {
  choose?: string[];
  text?: string;
  pairs?: Record<string, string>;
  order?: string[];
  /** Pairs of cause and effect. */
  causes?: [string, string][];
  actors?: Record<string, string>;
}

export interface CheckState {
  check: string;
  status: 'passed' | 'failed' | 'skipped' | 'open' | 'unavailable';
  /** Of 1. */
  score: number;
  points: number;
  /** By language. */
  said: Record<string, Said>;
  prediction?: Prediction;
}

export interface Said {
  /** For the learner, when the check has failed. */
  say?: string[];
  /** One for each note on a prediction. */
  notes?: string[];
  /** What is not as wanted. */
  details?: string[];
}

/** How a prediction did. Mirrors lessons.Prediction. */
export interface Prediction {
  score: number;
  events: number;
  order: number;
  causes: number;
  actors: number;
  notes?: Note[];
}

export interface Note {
  code: 'impossible' | 'misconception' | 'surplus' | 'missing' | 'move' | 'cause' | 'far' | 'uncaused' | 'actor';
  event: string;
  others?: string[];
}

export interface Observed {
  event: string;
  seq: number;
  actor: string;
  /** Written, or told of. */
  revision?: number;
  name: string;
}
