import type { EngineEvent, Request, UsageEvent } from '../engine/protocol';
import type { AnswerTo, Question, Questions } from '../engine/questions';
import { address, clusterIn, database, forget, keepNodes, keepRetained } from './clusters';

type Heard = Extract<EngineEvent, { type: 'usage' | 'resumed' }>;

/** Something the learner has to be told: what was done, or why it was not. */
export type Told =
  | { what: 'exported'; file: string }
  | { what: 'refused' | 'exportFailed' | 'noRoom'; why: string }
  | { what: 'tooLarge' | 'taken' | 'openElsewhere' | 'deleted' | 'resumed'; name: string };

/** The largest file that is read, in bytes: what the engine would read. */
const maxFile = 256 << 20;

/** How many revisions are kept where room has to be made. */
const keepWhenFull = 100;

/** How long a database may take to be deleted; a tab that has it open keeps it, in milliseconds. */
const deleteWithin = 1500;

const extension = '.tabernetes';

/** What the browser keeps for the page, and how a cluster leaves and enters it. */
export class Storage {
  usage: UsageEvent | undefined;
  used: number | undefined;
  quota: number | undefined;
  /** Whether the browser has promised not to evict what it keeps; undefined where it gives no such promise. */
  persisted: boolean | undefined;
  clusters: string[] = [];
  busy = false;
  told: Told | undefined;

  private asked = false;

  constructor(
    readonly cluster: string,
    /** The cluster is kept nowhere. */
    readonly nowhere: boolean,
    private readonly questions: Questions,
    private readonly send: (request: Request) => void,
    private readonly changed: () => void,
  ) {}

  hear(event: Heard) {
    if (event.type === 'usage') {
      this.usage = event;
      return;
    }
    this.busy = false;
    this.tell(event.error ? { what: 'noRoom', why: event.error } : { what: 'resumed', name: this.cluster });
  }

  /** A command has done its work, so there is something worth keeping: asks the browser, once, not to evict it. */
  worked() {
    if (this.asked || this.nowhere) return;
    this.asked = true;
    void this.persist();
  }

  async persist() {
    if (!navigator.storage?.persist) return;
    this.persisted = (await navigator.storage.persisted()) || (await navigator.storage.persist());
    this.changed();
  }

  /** Sets how many revisions of history are kept at least, here and when the cluster is opened again. */
  retain(n: number) {
    keepRetained(this.cluster, n);
    this.send({ type: 'usage', retain: n });
  }

  /** Looks again at what is kept. */
  async look() {
    this.told = undefined;
    this.send({ type: 'usage' });
    const estimate = await navigator.storage?.estimate?.();
    this.used = estimate?.usage;
    this.quota = estimate?.quota;
    this.persisted = await navigator.storage?.persisted?.();
    const databases = (await indexedDB.databases?.()) ?? [];
    const found = databases.map(({ name }) => clusterIn(name ?? '')).filter((name) => name !== undefined);
    this.clusters = [...new Set(this.nowhere ? found : [...found, this.cluster])].sort();
    this.changed();
  }

  /** Hands the cluster to the browser's downloads. */
  async export() {
    const data = await this.exported(this.cluster);
    if (!data) return;
    const file = `${this.cluster}-${this.usage?.revision ?? 'cluster'}${extension}`;
    const content = await bytes(data);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(content);
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.tell({ what: 'exported', file });
  }

  /** Makes a cluster of a file and goes there, unless the file is refused or the name is taken. */
  async import(file: File, name: string) {
    if (this.clusters.includes(name)) return this.tell({ what: 'taken', name });
    if (file.size > maxFile) return this.tell({ what: 'tooLarge', name: file.name });
    await this.put(await base64(file), name);
  }

  /** Keeps a cluster that is kept nowhere in this browser, and goes there. */
  async keepAs(name: string) {
    const data = await this.exported(name);
    if (data) await this.put(data, name);
  }

  /** The cluster as a file that says it has this name, base64. */
  private async exported(name: string): Promise<string | undefined> {
    const answer = await this.ask({ type: 'export', name });
    if (answer?.error) this.tell({ what: 'exportFailed', why: answer.error });
    return answer?.data;
  }

  /** Makes a cluster of an exported one, base64, and goes there. */
  private async put(data: string, name: string) {
    const answer = await this.ask({ type: 'import', database: database(name), data });
    if (!answer) return;
    if (answer.error) {
      await remove(database(name));
      return this.tell({ what: 'refused', why: answer.error });
    }
    keepNodes(name, answer.nodes);
    location.assign(address(name));
  }

  /** Deletes a cluster that is not the one shown. */
  async delete(name: string) {
    const gone = await remove(database(name));
    if (gone) forget(name);
    await this.look();
    this.tell({ what: gone ? 'deleted' : 'openElsewhere', name });
  }

  /** The fork is on disk: goes there. */
  follow(name: string, nodes: number) {
    keepNodes(name, nodes);
    location.assign(address(name));
  }

  /** Drops most of history, which makes room, and goes on. */
  makeRoom() {
    this.busy = true;
    this.send({ type: 'room', keep: keepWhenFull });
    this.changed();
  }

  /** The engine is gone and answers nothing any more. */
  lose() {
    this.busy = false;
    this.usage = undefined;
  }

  private tell(told: Told) {
    this.told = told;
    this.changed();
  }

  private async ask<T extends 'export' | 'import'>(question: Question<T>): Promise<AnswerTo<T> | undefined> {
    this.busy = true;
    this.told = undefined;
    this.changed();
    const answer = await this.questions.ask(question);
    this.busy = false;
    return answer;
  }
}

/** How much base64 is decoded before the page gets its turn; a multiple of 4. */
const decodeAtOnce = 1 << 19;

async function bytes(base64: string): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < base64.length; at += decodeAtOnce) {
    parts.push(Uint8Array.from(atob(base64.slice(at, at + decodeAtOnce)), (c) => c.charCodeAt(0)));
    await new Promise((resolve) => setTimeout(resolve));
  }
  return new Blob(parts, { type: 'application/octet-stream' });
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const url = String(reader.result);
      resolve(url.slice(url.indexOf(',') + 1));
    };
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Deletes a database; false where a tab has it open. */
function remove(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve(true);
    request.onerror = () => resolve(false);
    setTimeout(() => resolve(false), deleteWithin);
  });
}
