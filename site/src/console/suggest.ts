import type { Overview } from '../engine/protocol';

/** What to try next, from how things are: commands that can be run with one press. */
export function suggestions(overview: Overview | undefined): string[] {
  const all = overview?.deployments ?? [];
  const own = all.find((d) => d.namespace === 'default') ?? all[0];
  if (!own) return ['kubectl create deployment web --image=nginx', 'kubectl get nodes'];
  const inNamespace = own.namespace === 'default' ? '' : ` -n ${own.namespace}`;
  const look = `kubectl get pods -o wide${inNamespace}`;
  if (own.desired === 1) return [`kubectl scale deployment ${own.name} --replicas=3${inNamespace}`, look];
  const pod = overview?.nodes.flatMap((n) => n.pods).find((p) => p.namespace === own.namespace && p.ready);
  return [
    ...(pod ? [`kubectl delete pod ${pod.name}${inNamespace}`] : []),
    `kubectl scale deployment ${own.name} --replicas=1${inNamespace}`,
    look,
  ];
}
