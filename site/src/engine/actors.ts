import { known, type Key } from '../i18n';

/** How an actor is drawn: its hue is `--actor-KIND`, its glyph is drawn in map/glyphs. */
export type Kind = 'kubectl' | 'deployment' | 'replicaset' | 'scheduler' | 'kubelet' | 'other';

const kinds: Record<string, Kind> = {
  kubectl: 'kubectl',
  'deployment-controller': 'deployment',
  'replicaset-controller': 'replicaset',
  scheduler: 'scheduler',
};

export function kindOf(actor: string): Kind {
  return actor.startsWith('kubelet/') ? 'kubelet' : (kinds[actor] ?? 'other');
}

export function nodeOf(actor: string): string {
  return actor.startsWith('kubelet/') ? actor.slice('kubelet/'.length) : '';
}

/** The key of an actor's name, undefined where the name speaks for itself. */
export function nameKey(actor: string): Key | undefined {
  const key = `part.${actor}`;
  return known(key) ? key : undefined;
}

/** The kinds that the page knows before it has asked the API server; those of others are learned. */
const kindNames: Record<string, string> = {
  pods: 'Pod',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  daemonsets: 'DaemonSet',
  statefulsets: 'StatefulSet',
  nodes: 'Node',
  namespaces: 'Namespace',
  events: 'Event',
  leases: 'Lease',
};

export function learnKind(resource: string, kind: string) {
  kindNames[resource] ??= kind;
}

export const knowsKind = (resource: string): boolean => resource in kindNames;

/** The kind that a resource holds: pods → Pod. */
export function kindName(resource: string): string {
  return kindNames[resource] ?? resource;
}
