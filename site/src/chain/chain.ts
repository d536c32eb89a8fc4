import type { Entry, Group } from '../engine/protocol';

/** One of the ten steps, as far as it has happened in the chain under way. */
export interface Step {
  /** The last entry that was this step. */
  entry: Entry;
  /** How often it was taken. A step may be told twice, as the scheduler's notification and its decision. */
  times: number;
  counts: Partial<Record<Entry['type'], number>>;
  actors: ReadonlySet<string>;
}

/** The ten steps that the learner's last command set off: by number, from 1. */
export type Chain = readonly (Step | undefined)[];

export const empty: Chain = [];

/** Takes an entry into the chain; what the learner does begins a new one. */
export function follow(chain: Chain, entry: Entry): Chain {
  const begins = /^(kubectl|client)\b/.test(entry.actor) && entry.type === 'write';
  const before = begins ? empty : chain;
  if (!entry.step) return before;
  const next = before.slice();
  next[entry.step] = again(before[entry.step], entry);
  return next;
}

function again(step: Step | undefined, entry: Entry): Step {
  const counts = { ...step?.counts, [entry.type]: (step?.counts[entry.type] ?? 0) + 1 };
  const actors = step?.actors.has(entry.actor) ? step.actors : new Set(step?.actors).add(entry.actor);
  return { entry, times: Math.max(...Object.values(counts)), counts, actors };
}

/** The chain from the engine's count of it. */
export function gathered(groups: Group[]): Chain {
  const chain: (Step | undefined)[] = [];
  for (const { last, count, actors } of groups) {
    const n = last.step;
    if (!n) continue;
    const before = chain[n];
    chain[n] = {
      entry: before && before.entry.seq > last.seq ? before.entry : last,
      times: Math.max(before?.times ?? 0, count),
      counts: { ...before?.counts, [last.type]: count },
      actors: new Set([...(before?.actors ?? []), ...actors]),
    };
  }
  return chain;
}
