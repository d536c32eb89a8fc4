import type { Store } from '../store';

/** A kind that the API server serves. */
export interface Kind {
  group: string;
  version: string;
  resource: string;
  kind: string;
  namespaced: boolean;
  /** What kubectl takes for its name, in lower case. */
  names: string[];
}

/** One object, named as the API names it. */
export interface Ref {
  kind: Kind;
  namespace: string;
  name: string;
}

export interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: (string | number | boolean | null)[]; object: { metadata: { name: string; namespace?: string } } }[];
  metadata?: { remainingItemCount?: number; continue?: string };
}

interface Meta {
  name: string;
  uid: string;
  namespace?: string;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
  managedFields?: { manager: string; operation: string; subresource?: string; fieldsV1?: object }[];
}

export interface Shown {
  yaml: string;
  meta: Meta;
  events: { type: string; reason: string; message: string; count: number; last: string }[];
}

interface Resource {
  resource: string;
  singularResource: string;
  shortNames?: string[];
  responseKind?: { kind: string };
  scope: string;
  verbs: string[];
}

interface Discovery {
  items: {
    metadata: { name?: string };
    versions: { version: string; resources?: Resource[] }[];
  }[];
}

/** What the API server says when it refuses. */
export class Refused extends Error {}

/** A GET of the API server, at the revision that the page shows. */
export async function get(store: Store, path: string, accept: string): Promise<string> {
  const answer = await store.questions.ask({ type: 'get', path, accept, revision: store.past.reading?.revision ?? 0 });
  if (!answer || answer.error) throw new Refused(answer?.error ?? '');
  if (answer.code >= 400) throw new Refused(said(answer.body));
  return answer.body;
}

/** The message of a Status; one that is no JSON says itself what it is. */
function said(status: string): string {
  try {
    return JSON.parse(status).message;
  } catch {
    return status;
  }
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** All kinds that can be listed, core first. */
export async function kinds(store: Store): Promise<Kind[]> {
  const found: Kind[] = [];
  for (const root of ['/api', '/apis']) {
    const { items } = JSON.parse(await get(store, root, aggregated)) as Discovery;
    for (const { metadata, versions } of items) {
      const { version, resources = [] } = versions[0]!;
      for (const { resource, singularResource, shortNames = [], responseKind, scope, verbs } of resources) {
        if (!verbs.includes('list') || !responseKind) continue;
        const names = [resource, singularResource, ...shortNames];
        found.push({ group: metadata.name ?? '', version, resource, kind: responseKind.kind, namespaced: scope === 'Namespaced', names });
      }
    }
  }
  return found;
}

export function pathOf({ group, version, resource }: Kind, namespace = '', name = ''): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return `${root}${namespace && `/namespaces/${namespace}`}/${resource}${name && `/${name}`}`;
}

/** More rows than these are not listed. */
export const mostRows = 200;

export async function table(store: Store, kind: Kind, namespace: string): Promise<Table> {
  const path = `${pathOf(kind, kind.namespaced ? namespace : '')}?limit=${mostRows}`;
  return JSON.parse(await get(store, path, 'application/json;as=Table;v=v1;g=meta.k8s.io'));
}

/** An object with its events, the newest last. */
export async function object(store: Store, { kind, namespace, name }: Ref): Promise<Shown> {
  const path = pathOf(kind, namespace, name);
  const meta = JSON.parse(await get(store, path, 'application/json')).metadata as Meta;
  const yaml = await get(store, path, 'application/yaml');
  return { yaml: brief(yaml), meta, events: await events(store, namespace, meta.uid) };
}

interface Event {
  type: string;
  reason: string;
  message: string;
  count?: number;
  series?: { count: number };
  lastTimestamp?: string;
  eventTime?: string;
}

async function events(store: Store, namespace: string, uid: string): Promise<Shown['events']> {
  const path = `/api/v1/namespaces/${namespace || 'default'}/events?fieldSelector=involvedObject.uid%3D${uid}`;
  const { items } = JSON.parse(await get(store, path, 'application/json')) as { items: Event[] };
  return items
    .map(({ type, reason, message, count, series, lastTimestamp, eventTime }) => ({
      type, reason, message, count: series?.count ?? count ?? 1, last: lastTimestamp ?? eventTime ?? '',
    }))
    .sort((a, b) => a.last.localeCompare(b.last));
}

/** YAML without who manages which field, which is shown beside it. */
function brief(yaml: string): string {
  return yaml.replace(/^ {2}managedFields:\n(?: {2}-.*\n| {4}.*\n)*/m, '');
}

/** The fields that a manager owns, as paths. */
export function owned(fields: object | undefined, path = ''): string[] {
  return Object.entries(fields ?? {}).flatMap(([key, below]) => {
    if (key === '.') return [];
    const name = key.startsWith('f:') ? `.${key.slice(2)}` : `[${key.slice(2)}]`;
    const deeper = owned(below as object, path + name);
    return deeper.length > 0 ? deeper : [(path + name).slice(1)];
  });
}
