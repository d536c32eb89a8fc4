import type { Request } from '../engine/protocol';

export type State = 'queued' | 'running' | 'done';

export interface Piece {
  stream: 'out' | 'err' | 'note';
  text: string;
}

/** A line that was typed, with what it printed. */
export interface Line {
  id: number;
  text: string;
  state: State;
  output: Piece[];
  size: number;
  exit: number;
  cut: boolean;
  /** The engine died before it answered. */
  lost?: boolean;
  /** The revision it was typed at, where that is past. */
  revision?: number;
  /** Called when it is done. */
  ended?: () => void;
  /** It was typed at the past, and asked for more than reading. */
  changing?: boolean;
}

const handedTo = (cluster: string) => `tabernetes.line.${cluster}`;

/** How much is kept: lines that are done, and characters of one line's output. */
const keepLines = 200;
const keepOutput = 200_000;

/** The console's lines. They run one after the other, as in a shell. */
export class Console {
  lines: Line[] = [];
  /** Changes with the lines. */
  version = 0;
  /** What was last written into the field for the learner to run, and how often that was done. */
  written = { n: 0, text: '' };
  private ready = false;
  private last = 0;

  constructor(
    private readonly send: (request: Request) => void,
    private readonly redraw: () => void,
    private readonly typed: () => void = () => {},
    private readonly past: () => number | undefined = () => undefined,
  ) {}

  /** Types what another page has handed over for this cluster. */
  begin(cluster: string) {
    try {
      const line = sessionStorage.getItem(handedTo(cluster));
      sessionStorage.removeItem(handedTo(cluster));
      if (line) this.type(line);
    } catch {
      // A browser that keeps nothing for the page has nothing to hand over.
    }
  }

  /** Leaves a line for the page that shows another cluster next; there is one only where the browser keeps clusters. */
  handOver(cluster: string, line: string) {
    if (line) sessionStorage.setItem(handedTo(cluster), line);
  }

  /** Types a line; it runs when those before it are done and the engine is there. */
  type(text: string): number {
    return this.add(text).id;
  }

  private add(text: string, ended?: () => void): Line {
    const line: Line = { id: ++this.last, text, state: 'queued', output: [], size: 0, exit: 0, cut: false, revision: this.past(), ended };
    this.lines.push(line);
    this.lines = this.lines.filter((line, i) => line.state !== 'done' || i >= this.lines.length - keepLines);
    this.typed();
    this.next();
    this.changed();
    return line;
  }

  /** Replaces an object by a manifest; answers why not, empty where it was done. */
  replace(yaml: string): Promise<string> {
    return new Promise((resolve) => {
      const said = (line: Line) => line.output.map((piece) => piece.text).join('') || '?';
      const line = this.add(`kubectl replace -f - <<'EOF'\n${yaml.trimEnd()}\nEOF`, () => resolve(line.exit === 0 ? '' : said(line)));
    });
  }

  /** A line that was not typed here runs, or has run. */
  told(id: number, text: string) {
    this.lines.push({ id, text, state: 'running', output: [], size: 0, exit: 0, cut: false });
    this.changed();
  }

  /** Writes a line into the field, without running it. */
  write(text: string) {
    this.written = { n: this.written.n + 1, text };
    this.changed();
  }

  /** The engine is there. */
  open() {
    this.ready = true;
    this.next();
    this.changed();
  }

  /** The engine is gone, and with it the answer to the line that ran. Lines that wait go to the next engine. */
  lose() {
    this.ready = false;
    const line = this.running;
    if (line) {
      line.state = 'done';
      line.exit = 1;
      line.lost = true;
      line.ended?.();
    }
    this.changed();
  }

  get running(): Line | undefined {
    return this.lines.find((line) => line.state === 'running');
  }

  /** Ctrl-C: ends the line that runs, and those that wait behind it. */
  interrupt() {
    const running = this.running;
    this.lines = this.lines.filter((line) => line.state !== 'queued');
    if (running) this.send({ type: 'interrupt', id: running.id });
    this.changed();
  }

  print(id: number, stream: 'out' | 'err', text: string) {
    const line = this.lines.find((l) => l.id === id);
    if (!line) return;
    const end = line.output.at(-1);
    if (end?.stream === stream) end.text += text;
    else line.output.push({ stream, text });
    line.size += text.length;
    while (line.size > keepOutput) this.trim(line);
    this.changed();
  }

  done(id: number, exit: number, changing?: boolean) {
    const line = this.lines.find((l) => l.id === id);
    if (line) {
      line.changing = changing;
      queueMicrotask(() => line.ended?.());
      line.state = 'done';
      line.exit = exit;
    }
    this.next();
    this.changed();
  }

  clear() {
    this.lines = this.lines.filter((line) => line.state !== 'done');
    this.lines.forEach((line) => (line.output = []));
    this.changed();
  }

  /** Says something that no command printed. */
  note(text: string) {
    const line = this.lines.at(-1);
    if (line) line.output.push({ stream: 'note', text: `${text}\n` });
    this.changed();
  }

  private changed() {
    this.version++;
    this.redraw();
  }

  private trim(line: Line) {
    const first = line.output[0];
    if (!first) return;
    const over = line.size - keepOutput;
    const drop = Math.min(first.text.length, over + keepOutput / 10);
    first.text = first.text.slice(drop);
    line.size -= drop;
    line.cut = true;
    if (!first.text) line.output.shift();
  }

  private next() {
    if (!this.ready || this.running) return;
    const line = this.lines.find((l) => l.state === 'queued');
    if (!line) return;
    line.state = 'running';
    this.send({ type: 'exec', id: line.id, line: line.text, revision: line.revision });
  }
}
