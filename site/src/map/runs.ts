import type { Traffic, Way } from '../engine/protocol';
import type { Store } from '../store';

/** A run of requests as the map shows it. */
export interface Run extends Traffic {
  /** The last entry that told of it. */
  seq: number;
  url: string;
  /** Where those of about the last second went; none where that is over. */
  ways: Way[];
}

/** So many runs are shown, the newest first: nearest to the nodes. */
const most = 2;

/** What the trace has told of requests up to what the page shows, now or then. */
export function runs({ requests, flowing }: Pick<Store, 'requests' | 'flowing'>): Run[] {
  const all = new Map<number, Run>();
  for (const entry of requests) {
    const { traffic, subject = '' } = entry.verdict!;
    const ways = all.get(traffic!.run)?.ways ?? [];
    if (flowing(entry)) traffic!.ways?.forEach((way) => add(ways, way));
    all.set(traffic!.run, { ...traffic!, seq: entry.seq, url: subject, ways });
  }
  return [...all.values()].sort((a, b) => b.seq - a.seq).slice(0, most);
}

function add(ways: Way[], { pod, node, lost, count }: Way) {
  const same = ways.find((way) => way.pod === pod && way.node === node && way.lost === lost);
  if (same) same.count += count;
  else ways.push({ pod, node, lost, count });
}
