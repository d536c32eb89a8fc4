// The page inside somebody else's: what it is asked by the one who embeds it,
// and what it tells. script.ts is the other end.

import type { EngineEvent, WorkerEvent } from '../engine/protocol';
import type { Store } from '../store';

/** Whether this page is embedded, or opened as if it were. */
export const embedded = new URLSearchParams(globalThis.location?.search).has('embed');

const parts = ['lesson', 'steps', 'map', 'time', 'console', 'writes'] as const;
export type Part = (typeof parts)[number];

/** The parts of the page to show, undefined for all of them. */
export function layout(search: string): Part[] | undefined {
  const asked = new URLSearchParams(search).get('layout');
  const found = parts.filter((part) => asked?.split(/[\s,+]+/).includes(part));
  return found.length > 0 ? found : undefined;
}

/** The longest line that is taken from outside, in characters. */
const maxLine = 100_000;

type Asked = { tabernetes: string; id?: unknown; line?: unknown };

/** Speaks with whoever embeds the page, once they have said hello. */
export class Frame {
  private host: { window: Window; origin: string } | undefined;
  private ids = new Map<number, number>();

  constructor(private readonly store: Store) {
    if (window.parent === window) return;
    store.tap((event) => this.told(event));
    addEventListener('message', (event: MessageEvent<Asked>) => {
      if (event.source !== window.parent || typeof event.data?.tabernetes !== 'string') return;
      this.host = { window: window.parent, origin: event.origin };
      this.take(event.data);
    });
  }

  private take(asked: Asked) {
    switch (asked.tabernetes) {
      case 'hello':
        if (this.store.phase === 'ready') this.say({ tabernetes: 'ready' });
        return;
      case 'run':
        if (typeof asked.line !== 'string' || asked.line.length > maxLine) return;
        if (typeof asked.id === 'number') this.ids.set(this.store.console.type(asked.line), asked.id);
        return;
      case 'pause':
        return this.store.send({ type: 'pause' });
      case 'play':
        return this.store.send({ type: 'play' });
      case 'step':
        return this.store.send({ type: 'stepWrite' });
    }
  }

  private told(event: EngineEvent | WorkerEvent) {
    switch (event.type) {
      case 'ready':
        return this.say({ tabernetes: 'ready' });
      case 'typed':
        return this.say({ tabernetes: 'typed', line: event.line });
      case 'done': {
        const line = this.store.console.lines.find(({ id }) => id === event.id);
        const output = line?.output.map(({ text }) => text).join('') ?? '';
        this.say({ tabernetes: 'done', id: this.ids.get(event.id), line: line?.text, exit: event.exit, output });
        this.ids.delete(event.id);
        return;
      }
      case 'frame':
        for (const entry of event.entries ?? []) if (entry.type === 'write') this.say({ tabernetes: 'write', entry });
        return;
      case 'failed':
        return this.say({ tabernetes: 'failed', message: event.message });
    }
  }

  private say(message: object) {
    this.host?.window.postMessage(message, this.host.origin);
  }
}
