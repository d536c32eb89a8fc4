// The clusters in this browser: a database each, told apart by name.

import { nowhere } from '../engine/line';
import { keep, recall } from '../kept';

const prefix = 'tabernetes';

/** The cluster that a page without ?cluster=NAME shows. */
export const first = 'default';

/** The longest name, in characters. */
export const longest = 40;

/** Whether a cluster may be called so: as Kubernetes' own names are written. */
export function allowed(name: string): boolean {
  return name.length <= longest && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** The database of a cluster. */
export function database(name: string): string {
  return name === first ? prefix : `${prefix}.${name}`;
}

/** A database that is kept nowhere: each page has its own. */
export const ofThisTab = () => `${nowhere}${crypto.randomUUID()}`;

/** The cluster in a database, undefined where there is none of ours. */
export function clusterIn(database: string): string | undefined {
  if (database === prefix) return first;
  const name = database.startsWith(`${prefix}.`) ? database.slice(prefix.length + 1) : '';
  return allowed(name) ? name : undefined;
}

/** Where the page shows a cluster. */
export function address(name: string): string {
  const asked = new URLSearchParams(location.search);
  for (const name of ['nodes', 'seed', 'embed', 'lesson', 'course']) asked.delete(name);
  if (name === first) asked.delete('cluster');
  else asked.set('cluster', name);
  const query = asked.toString();
  return location.pathname + (query && `?${query}`);
}

const nodesOf = (name: string) => `tabernetes.nodes.${name}`;

/** How many nodes an imported cluster has; undefined for others. */
export function nodes(name: string): number | undefined {
  return Number(recall(nodesOf(name))) || undefined;
}

export function keepNodes(name: string, n: number) {
  keep(nodesOf(name), String(n));
}

const retainOf = (name: string) => `tabernetes.retain.${name}`;

/** How many revisions of a cluster's history are kept, where that was chosen. */
export const retained = (name: string) => Number(recall(retainOf(name)));

export function keepRetained(name: string, n: number) {
  keep(retainOf(name), String(n));
}

/** Forgets what was kept beside a cluster. */
export function forget(name: string) {
  keep(nodesOf(name), null);
  keep(retainOf(name), null);
}
