const stored = 'tabernetes.history';
const keep = 200;

/** The lines typed before, newest last, and a place among them that the arrows move. */
export class History {
  private readonly lines: string[] = load();
  private at = this.lines.length;
  private draft = '';

  add(line: string) {
    if (line.trim() && this.lines.at(-1) !== line) this.lines.push(line);
    if (this.lines.length > keep) this.lines.splice(0, this.lines.length - keep);
    this.at = this.lines.length;
    this.draft = '';
    localStorage.setItem(stored, JSON.stringify(this.lines));
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

function load(): string[] {
  try {
    const lines: unknown = JSON.parse(localStorage.getItem(stored) ?? '[]');
    return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
  } catch {
    return [];
  }
}
