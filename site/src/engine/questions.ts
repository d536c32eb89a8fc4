import type { EngineEvent, Request } from './protocol';

type Asked = Extract<Request, { id: number }>;
type Answer = Extract<EngineEvent, { id: number }>;
type Unnumbered<R> = R extends unknown ? Omit<R, 'id'> : never;

/** What answers what. */
interface Answers {
  look: 'looked';
  trace: 'traced';
  groups: 'grouped';
  why: 'why';
  get: 'got';
  waits: 'waited';
  fork: 'forked';
  complete: 'completed';
  export: 'exported';
  import: 'imported';
  handIn: 'handedIn';
  share: 'shared';
}

export type Question<T extends keyof Answers> = Unnumbered<Extract<Asked, { type: T }>> & { type: T };
export type AnswerTo<T extends keyof Answers> = Extract<Answer, { type: Answers[T] }>;

/** Questions to the engine, each with its answer; none where the engine died over it. */
export class Questions {
  private last = 0;
  private readonly open = new Map<number, (answer: Answer | undefined) => void>();

  constructor(private readonly send: (request: Request) => void) {}

  ask<T extends keyof Answers>(question: Question<T>): Promise<AnswerTo<T> | undefined> {
    const id = ++this.last;
    return new Promise((resolve) => {
      this.open.set(id, resolve as (answer: Answer | undefined) => void);
      this.send({ ...question, id } as unknown as Request);
    });
  }

  hear(answer: Answer) {
    this.open.get(answer.id)?.(answer);
    this.open.delete(answer.id);
  }

  lose() {
    this.open.forEach((resolve) => resolve(undefined));
    this.open.clear();
  }
}
