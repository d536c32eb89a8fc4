import type { PodView } from '../engine/protocol';
import type { Store } from '../store';

/** What a pod's status comes to, for its shape. */
type Look = 'running' | 'starting' | 'pending' | 'ending' | 'done' | 'bad';

export function look(pod: PodView): Look {
  if (pod.status === 'Running') return pod.ready ? 'running' : 'starting';
  if (pod.status === 'Pending') return 'pending';
  if (pod.status === 'ContainerCreating' || pod.status.startsWith('Init:') || pod.status === 'PodInitializing') return 'starting';
  if (pod.status === 'Terminating') return 'ending';
  if (pod.status === 'Completed' || pod.status === 'Succeeded') return 'done';
  return 'bad';
}

const signs: Record<Look, string> = {
  running: 'm6.500 10.300 2.500 2.500 4.500-5',
  starting: 'M7 10h.1M10 10h.1M13 10h.1',
  pending: 'M10 7.200c1.600-1.700 3.400.8 1.600 2-.9.6-1.600 1-1.600 2m0 2h.1',
  ending: 'm7.500 7.500 5 5m0-5-5 5',
  done: 'M7 10h6',
  bad: 'M10 6v4.800m0 2.700h.1',
};

/** The part of a pod's name that tells it from its brothers. */
export function shortName(pod: PodView): string {
  if (pod.owner && pod.name.startsWith(`${pod.owner}-`)) return `…${pod.name.slice(pod.owner.length + 1)}`;
  return pod.name;
}

/** A pod is a hexagon, as everywhere; its sign and outline say how it is. */
export function Pod({ pod, store, small }: { pod: PodView; store: Store; small?: boolean }) {
  const open = () => store.open({ group: '', resource: 'pods', namespace: pod.namespace, name: pod.name });
  // The small ones are too small to be hit: each is in the list of objects too.
  const Tag = small ? 'span' : 'button';
  return (
    <Tag
      type={small ? undefined : 'button'}
      onClick={open}
      class="pod" data-look={look(pod)} data-pod={pod.name} title={`${pod.namespace}/${pod.name}: ${pod.status}`}
      data-touched={touched(store, pod) || undefined}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path class="hexagon" d="m10 1 7.800 4.500v9L10 19l-7.800-4.500v-9z" />
        <path class="sign" d={signs[look(pod)]} />
      </svg>
      {!small && (
        <span class="pod-words" lang="en">
          <span>{shortName(pod)}</span>
          <small>{pod.status}</small>
        </span>
      )}
    </Tag>
  );
}

/** Whether what is selected is about this pod. */
function touched(store: Store, pod: PodView): boolean {
  return !!store.why?.path.some((e) => e.resource === 'pods' && e.name === pod.name && e.namespace === pod.namespace);
}
