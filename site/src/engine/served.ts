// The line to an engine that does not live in this browser: `tabernetes serve`
// has served the page and holds the cluster, and real kubectls speak to it too.
// Its other end is core/apiserver/edge/page.go.

import type { BootRequest, EngineEvent, Request, WorkerEvent } from './protocol';

/** Whether this page came from `tabernetes serve`. */
export const isServed = () => document.querySelector('meta[name="tabernetes-served"]') !== null;

/** Where a tab keeps the token that its address brought. */
const kept = 'tabernetes.token';

/** How long the line may be silent, and after how long another is tried, in milliseconds; blank lines come every ten seconds. */
const silence = 30_000;
const tryAgain = 1000;

/** The token in the address, which is taken out of it, or the one that this tab came with before. */
function token(): string {
  const [, given] = location.hash.match(/^#token=(\w+)$/) ?? [];
  if (given) {
    sessionStorage.setItem(kept, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(kept) ?? '';
}

export class Served {
  private readonly headers = { authorization: `Bearer ${token()}` };
  private boot: BootRequest | undefined;
  private tab: number | undefined;
  private unsaid: string[] = [];
  private saying = false;
  private ended = false;
  private line = new AbortController();

  constructor(private readonly heard: (event: EngineEvent | WorkerEvent) => void) {}

  /** Joins the cluster, and joins it again whenever the line breaks. */
  async start(boot: BootRequest) {
    this.boot = boot;
    this.heard({ type: 'progress', phase: 'start', loaded: 0, total: 0 });
    while (!this.ended) {
      this.line = new AbortController();
      await this.listen().catch(() => {
        // The server is gone, or the network: the next try tells.
      });
      if (this.tab !== undefined) this.heard({ type: 'lost' });
      this.tab = undefined;
      this.unsaid = [];
      await new Promise((resolve) => setTimeout(resolve, tryAgain));
    }
  }

  end() {
    this.ended = true;
    this.line.abort();
  }

  /** What is said while there is no line waits for the first one; what was meant for one that broke is dropped. */
  send(request: Request) {
    this.unsaid.push(JSON.stringify(request));
    void this.say();
  }

  private async listen() {
    const { signal } = this.line;
    const answer = await fetch('engine/events', { headers: this.headers, signal });
    if (answer.status === 401) {
      this.ended = true;
      const message = 'The server does not know this tab: open the address that `tabernetes serve` has printed, with its #token=…';
      this.heard({ type: 'failed', kind: 'engine', message });
      return;
    }
    if (!answer.ok || !answer.body) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const watchdog = setTimeout(() => this.line.abort(), silence);
      const { value, done } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop()!;
      lines.filter(Boolean).forEach((line) => this.hear(JSON.parse(line)));
    }
  }

  private hear(event: EngineEvent | { tab: number; type?: undefined }) {
    if (event.type !== undefined) return this.heard(event);
    this.tab = event.tab;
    this.unsaid.unshift(JSON.stringify(this.boot));
    this.heard({ type: 'listening' });
    void this.say();
  }

  /** Says what there is to say, in order: one message at a time is under way. */
  private async say() {
    if (this.saying) return;
    this.saying = true;
    while (this.tab !== undefined && this.unsaid.length > 0) {
      const body = this.unsaid.splice(0).join('\n');
      const said = await fetch(`engine/say?tab=${this.tab}`, { method: 'POST', headers: this.headers, body }).then(
        (answer) => answer.ok,
        () => false,
      );
      if (!said) this.line.abort();
    }
    this.saying = false;
  }
}
