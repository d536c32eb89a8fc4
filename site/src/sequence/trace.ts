import type { Entry, Group, Level } from '../engine/protocol';
import type { Questions } from '../engine/questions';

/** How close the sequence looks: the ten steps folded, each of them, every write, everything. */
export type Zoom = 'folded' | Level;
export const zooms: Zoom[] = ['folded', 'steps', 'writes', 'all'];

export interface Wanted {
  zoom: Zoom;
  actor: string;
  text: string;
  minor: boolean;
  /** The last entry that counts; 0: the newest. */
  until: number;
}

/** A row of the sequence: an entry, or one of the ten steps as often as it was taken. */
export interface Row {
  entry: Entry;
  count: number;
  actors: string[];
}

/** How many rows are asked for beyond those in view, on either side. */
const margin = 40;

/** The part of the trace that is in view. The engine has the whole, and is asked for a window of it. */
export class Window {
  rows: Row[] = [];
  from = 0;
  all = 0;
  private asking = false;
  private again: (() => Promise<void>) | undefined;

  constructor(
    private readonly questions: Questions,
    private readonly changed: () => void,
  ) {}

  /** Whether a stretch of rows is there. */
  has(first: number, count: number): boolean {
    return first >= this.from && Math.min(first + count, this.all) <= this.from + this.rows.length;
  }

  /** Asks for a stretch of rows (first -1: the last ones), or those around an entry. */
  ask(wanted: Wanted, first: number, count: number, find = 0) {
    const question = () => (wanted.zoom === 'folded' ? this.fold(wanted) : this.page(wanted, wanted.zoom, first, count, find));
    if (this.asking) {
      this.again = question;
      return;
    }
    this.asking = true;
    void question().then(() => {
      this.asking = false;
      const next = this.again;
      this.again = undefined;
      this.changed();
      if (next) {
        this.asking = true;
        void next().then(() => {
          this.asking = false;
          this.changed();
        });
      }
    });
  }

  private async fold(wanted: Wanted) {
    const answer = await this.questions.ask({ type: 'groups', until: wanted.until });
    if (!answer) return;
    const fits = (g: Group) =>
      (!wanted.actor || g.actors.some((a) => a === wanted.actor || a.startsWith(`${wanted.actor}/`))) &&
      (!wanted.text || `${g.first.resource}/${g.first.name} ${g.first.namespace}/${g.first.name}`.includes(wanted.text));
    this.rows = answer.groups.filter(fits).map((g) => ({ entry: g.first, count: g.count, actors: g.actors }));
    this.from = 0;
    this.all = this.rows.length;
  }

  private async page(wanted: Wanted, level: Level, first: number, count: number, find: number) {
    const { actor, text, minor, until } = wanted;
    const answer = await this.questions.ask({
      type: 'trace', level, actor, text, minor, until, find,
      from: first < 0 ? -1 : Math.max(0, first - margin),
      limit: Math.min(500, count + 2 * margin),
    });
    if (!answer) return;
    this.rows = answer.entries.map((entry) => ({ entry, count: 1, actors: [entry.actor] }));
    this.from = answer.from;
    this.all = answer.all;
  }
}
