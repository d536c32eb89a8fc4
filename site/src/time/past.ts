import { gathered, type Chain } from '../chain/chain';
import type { ActorState, Entry, Overview } from '../engine/protocol';
import type { Questions } from '../engine/questions';

/** The cluster as it was at a revision, as the engine read it from etcd. */
export interface Reading {
  revision: number;
  /** Virtual time, RFC 3339. */
  now: string;
  /** The last entry of the trace that had happened. */
  until: number;
  overview: Overview;
  actors: ActorState[];
  chain: Chain;
  requests: Entry[];
  /** The write that made the revision, where it is known. */
  entry: Entry | undefined;
}

/** Which revision the learner reads: none is now. */
export class Past {
  reading: Reading | undefined;
  /** Why a revision could not be read. */
  refused = '';
  private wanted: number | undefined;
  private asking = false;

  constructor(
    private readonly questions: Questions,
    private readonly written: (revision: number) => Entry | undefined,
    private readonly changed: () => void,
  ) {}

  /** The revision that is read or about to be; undefined: now. */
  get at(): number | undefined {
    return this.wanted;
  }

  /** Goes to a revision, or (undefined) back to now. While one is being read only the last one asked for is next. */
  go(revision: number | undefined) {
    this.wanted = revision;
    this.refused = '';
    if (revision === undefined) this.reading = undefined;
    this.changed();
    void this.follow();
  }

  private async follow() {
    if (this.asking) return;
    this.asking = true;
    while (this.wanted !== undefined && this.reading?.revision !== this.wanted) {
      const revision = this.wanted;
      const answer = await this.questions.ask({ type: 'look', revision });
      if (!answer) break;
      if (answer.error) {
        this.refused = answer.error;
        if (this.wanted === revision) this.wanted = this.reading?.revision;
      } else if (this.wanted !== undefined) {
        const { now, until, overview, actors, chain, requests } = answer;
        this.reading = {
          revision, now, until,
          overview: overview!, actors: actors ?? [], chain: gathered(chain ?? []), requests: requests ?? [], entry: this.written(revision),
        };
      }
      this.changed();
    }
    this.asking = false;
  }

  /** The engine is gone. */
  lose() {
    this.reading = this.wanted = undefined;
    this.asking = false;
  }
}
