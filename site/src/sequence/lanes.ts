import { kindOf, nodeOf, type Kind } from '../engine/actors';

/** A lane of the sequence: one actor, or several that share it. etcd's has no actor. */
export interface Lane {
  id: string;
  kind: Kind | 'etcd';
  /** What tells lanes of one kind apart. */
  mark: string;
}

/** More nodes than these share one lane. */
const apart = 4;

const own = ['deployment-controller', 'replicaset-controller', 'scheduler'];

/** The lanes, you first, then the API server with etcd, then everybody that meets there. */
export function lanesOf(actors: string[]): Lane[] {
  const nodes = actors.filter(nodeOf);
  return [
    { id: 'kubectl', kind: 'kubectl', mark: '' },
    { id: 'etcd', kind: 'etcd', mark: '' },
    ...own.map((id): Lane => ({ id, kind: kindOf(id), mark: '' })),
    ...(nodes.length > apart
      ? [{ id: 'kubelets', kind: 'kubelet' as const, mark: '×' }]
      : nodes.map((id): Lane => ({ id, kind: 'kubelet', mark: /\d+$/.exec(id)?.[0] ?? '' }))),
    { id: 'others', kind: 'other', mark: '' },
  ];
}

/** The lane that an actor is on. */
export function laneOf(lanes: Lane[], actor: string): number {
  const at = lanes.findIndex((lane) => lane.id === actor);
  if (at >= 0) return at;
  return lanes.findIndex((lane) => lane.id === (nodeOf(actor) ? 'kubelets' : 'others'));
}
