import { keep, recall } from '../kept';

const stored = 'tabernetes.history';

/** How many lines are remembered, and how many characters of them outlive the page. */
const most = 200;
const mostKept = 100_000;

/** The lines typed before, newest last, and a place among them that the arrows move. */
export class History {
  private readonly lines: string[] = load();
  private at = this.lines.length;
  private draft = '';

  add(line: string) {
    if (line.trim() && this.lines.at(-1) !== line) this.lines.push(line);
    if (this.lines.length > most) this.lines.splice(0, this.lines.length - most);
    this.at = this.lines.length;
    this.draft = '';
    keep(stored, JSON.stringify(newest(this.lines)));
  }

  /** The line before the one shown; undefined when there is none. */
  back(shown: string): string | undefined {
    if (this.at === 0) return undefined;
    if (this.at === this.lines.length) this.draft = shown;
    return this.lines[--this.at];
  }

  /** The line after the one shown; undefined when there is none. */
  forth(): string | undefined {
    if (this.at === this.lines.length) return undefined;
    return ++this.at === this.lines.length ? this.draft : this.lines[this.at];
  }
}

/** The last lines, as many as may be kept. */
function newest(lines: string[]): string[] {
  let room = mostKept;
  let from = lines.length;
  while (from > 0 && (room -= lines[from - 1]!.length) >= 0) from--;
  return lines.slice(from);
}

function load(): string[] {
  try {
    const lines: unknown = JSON.parse(recall(stored) ?? '[]');
    return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
  } catch {
    return [];
  }
}
