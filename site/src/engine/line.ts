// What tabs and the engine's worker say to each other around the messages of
// protocol.ts, and the names that they meet by. It goes over a shared worker's
// port, over a dedicated worker's, or over BroadcastChannels.

/** From a tab, named by `tab`. */
export type ToWorker =
  | { kind: 'join'; tab: string }
  | { kind: 'say'; tab: string; text: string }
  | { kind: 'ping'; tab: string };

/** From a worker. `engine` names the worker's engine lock, which is released when the worker dies. */
export type FromWorker =
  | { kind: 'here'; engine: string }
  | { kind: 'joined'; engine: string }
  | { kind: 'say'; engine: string; text: string }
  | { kind: 'pong'; engine: string };

/** Begins the name of a database that is kept nowhere: its worker is of one tab only, and needs no locks, which a page in somebody else's may not have. */
export const nowhere = 'memory:';

/** A worker's name: the database that it opens, and how often tabs have given up on one that did not answer. */
export interface WorkerName {
  database: string;
  generation: number;
}

export const writeName = ({ database, generation }: WorkerName) => `${generation} ${database}`;

export function readName(name: string): WorkerName {
  const space = name.indexOf(' ');
  return { generation: Number(name.slice(0, space)), database: name.slice(space + 1) };
}

/** Held by the one worker that may open a database. */
export const databaseLock = (database: string) => `tabernetes/database/${database}`;

/** Held by a worker as long as it lives; who is granted it knows that the worker is gone. */
export const engineLock = ({ database, generation }: WorkerName, id: string) => `tabernetes/engine/${generation}/${id}/${database}`;

/** Held by a tab as long as it lives. */
export const tabLock = (tab: string) => `tabernetes/tab/${tab}`;

/** Held by the tab that leads where there is no shared worker. */
export const leaderLock = (database: string) => `tabernetes/leader/${database}`;

/** Where tabs speak to the worker of the leading tab. */
export const engineChannel = (database: string) => `tabernetes/to-engine/${database}`;

/** Where that worker speaks to one tab. */
export const tabChannel = (tab: string) => `tabernetes/to-tab/${tab}`;

/** The highest generation of a database's engines that live. */
export async function generationOf(database: string): Promise<number> {
  const { held = [] } = await navigator.locks.query();
  let highest = 0;
  for (const { name = '' } of held) {
    const [, what, generation, , ...rest] = name.split('/');
    if (what === 'engine' && rest.join('/') === database) highest = Math.max(highest, Number(generation));
  }
  return highest;
}

/** Holds a lock until release is called or this context ends; rejects when it is stolen. */
export function hold(name: string): { held: Promise<void>; release: () => void; lost: Promise<unknown> } {
  let release = () => {};
  let granted = () => {};
  const held = new Promise<void>((resolve) => (granted = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  const lost = navigator.locks.request(name, () => {
    granted();
    return released;
  });
  return { held, release, lost };
}

/** Calls back when whoever holds a lock has ended; never after the signal. */
export function whenReleased(name: string, then: () => void, signal?: AbortSignal) {
  navigator.locks.request(name, { signal, mode: 'shared' }, () => signal?.aborted || then()).catch(() => {
    // Aborted: nobody wants to know any more.
  });
}
