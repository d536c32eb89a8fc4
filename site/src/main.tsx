import { render } from 'preact';
import { App } from './app';
import { embedded, Frame } from './embed/frame';
import type { Speed } from './engine/protocol';
import { detect, learn } from './i18n';
import { lessonIn } from './lessons/address';
import { keepOffline } from './offline/offline';
import { read, type Shared } from './share/link';
import { allowed, first, nodes } from './storage/clusters';
import { Store, type Begin } from './store';

const nodesWhenNew = 3;
const asked = new URLSearchParams(location.search);
const speeds: readonly string[] = ['slow', 'watch', 'real', 'once'] satisfies Speed[];

/** The lesson that the address asks for. */
const lesson = lessonIn(location.search);

/** A number in the address, within bounds. */
function number(name: string, otherwise: number, least: number, most: number): number {
  const n = Number(asked.get(name) ?? otherwise);
  return Number.isInteger(n) ? Math.min(Math.max(n, least), most) : otherwise;
}

/** What a link has the cluster begin with, or the lesson; such a one is kept nowhere. */
async function begin(): Promise<(Begin & Shared) | undefined> {
  const start = new URLSearchParams(location.hash.slice(1)).get('start');
  const lines = start?.split('\n').map((line) => line.trim()).filter(Boolean);
  const shared = await read(location.hash).catch(() => ({ [lesson ? 'lesson' : 'session']: location.hash }));
  if (!embedded && !lines && !shared) return undefined;
  return { start: lines, ...shared };
}

async function open() {
  const speed = asked.get('speed') ?? '';
  const named = asked.get('cluster') ?? '';
  const begins = await begin();
  const { lesson: guest, ...rest } = begins ?? {};
  const cluster = begins ? undefined : allowed(named) ? named : first;
  const mode = begins || asked.get('worker') === 'dedicated' || !('SharedWorker' in window) ? 'dedicated' : 'shared';
  const store = new Store(speeds.includes(speed) ? (speed as Speed) : 'watch', cluster, mode, lesson, guest);
  // The engine is fetched while the page is being drawn.
  store.boot(number('nodes', cluster === undefined ? nodesWhenNew : (nodes(cluster) ?? nodesWhenNew), 1, 500), number('seed', 1, 0, 2 ** 32), rest);
  if (embedded) new Frame(store);
  // Kept for offline only when the engine is there: it must not wait for a second copy of itself.
  if (!embedded) store.tap((event) => event.type === 'ready' && void keepOffline());
  await learn(detect());
  render(<App store={store} />, document.getElementById('app')!);
}

// Another link in the same tab is another page.
addEventListener('hashchange', () => /^#(session|lesson|cluster|start)=/.test(location.hash) && location.reload());
void open();
