import { render } from 'preact';
import { App } from './app';
import type { Speed } from './engine/protocol';
import { lessonIn } from './lessons/address';
import { allowed, first, nodes } from './storage/clusters';
import { Store } from './store';

const nodesWhenNew = 3;
const asked = new URLSearchParams(location.search);
const speeds: readonly string[] = ['slow', 'watch', 'real', 'once'] satisfies Speed[];

/** A number in the address, within bounds. */
function number(name: string, otherwise: number, least: number, most: number): number {
  const n = Number(asked.get(name) ?? otherwise);
  return Number.isInteger(n) ? Math.min(Math.max(n, least), most) : otherwise;
}

const speed = asked.get('speed') ?? '';
const named = asked.get('cluster') ?? '';
const cluster = allowed(named) ? named : first;
const mode = asked.get('worker') === 'dedicated' || !('SharedWorker' in window) ? 'dedicated' : 'shared';
const store = new Store(speeds.includes(speed) ? (speed as Speed) : 'watch', cluster, mode, lessonIn(location.search));
// The engine is fetched while the page is being drawn.
store.boot(number('nodes', nodes(cluster) ?? nodesWhenNew, 1, 500), number('seed', 1, 0, 2 ** 32));
render(<App store={store} />, document.getElementById('app')!);
