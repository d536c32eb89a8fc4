// The worker's switchboard: the tabs on one side, the engine on the other. A tab
// joins with its own name and gets a number, under which the engine knows it;
// who leaves or dies is noticed by the lock that each tab holds.

import { tabLock, whenReleased, type FromWorker, type ToWorker } from './line';
import type { FailedEvent, WorkerEvent } from './protocol';

type Post = (message: FromWorker) => void;

interface Tab {
  number: number;
  post: Post;
}

/** What wasm/bridge.go finds at globalThis.tabernetes. */
export class Hub {
  private readonly tabs = new Map<string, Tab>();
  private readonly byNumber = new Map<number, Tab>();
  private last = 0;
  private hear: ((tab: number, text: string) => void) | undefined;
  private leave: ((tab: number) => void) | undefined;
  private waiting: [tab: number, text: string][] = [];
  /** What the worker's script said last, for those who come later. */
  private said: WorkerEvent | FailedEvent | undefined;

  /** own: the worker is of one tab, and dies with it. */
  constructor(
    private readonly engine: string,
    private readonly own: boolean,
  ) {}

  /** Called by the engine: it hears requests from now on. */
  listen(hear: (tab: number, text: string) => void, leave: (tab: number) => void) {
    this.hear = hear;
    this.leave = leave;
    this.announce({ type: 'listening' });
    this.waiting.splice(0).forEach(([tab, text]) => this.byNumber.has(tab) && hear(tab, text));
  }

  /** Called by the engine: an event for one tab. */
  tell(tab: number, text: string) {
    this.byNumber.get(tab)?.post({ kind: 'say', engine: this.engine, text });
  }

  /** Says something to every tab, without an engine. */
  announce(event: WorkerEvent | FailedEvent) {
    this.said = event;
    const text = JSON.stringify(event);
    for (const tab of this.tabs.values()) tab.post({ kind: 'say', engine: this.engine, text });
  }

  /** Takes what a tab says; post is how it is answered. */
  take(message: ToWorker, post: Post) {
    switch (message.kind) {
      case 'join':
        return this.join(message.tab, post);
      case 'ping':
        if (this.tabs.has(message.tab)) post({ kind: 'pong', engine: this.engine });
        return;
      case 'say': {
        const tab = this.tabs.get(message.tab);
        if (!tab) return;
        if (this.hear) this.hear(tab.number, message.text);
        else this.waiting.push([tab.number, message.text]);
      }
    }
  }

  private join(name: string, post: Post) {
    if (this.tabs.has(name)) return;
    const tab = { number: ++this.last, post };
    this.tabs.set(name, tab);
    this.byNumber.set(tab.number, tab);
    const gone = () => {
      this.tabs.delete(name);
      this.byNumber.delete(tab.number);
      this.leave?.(tab.number);
    };
    if (!this.own) whenReleased(tabLock(name), gone);
    post({ kind: 'joined', engine: this.engine });
    if (this.said) post({ kind: 'say', engine: this.engine, text: JSON.stringify(this.said) });
  }
}
