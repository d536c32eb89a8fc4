import type { Store } from '../store';

/** How a lane or a badge is drawn. */
export type Lit = 'rest' | 'done' | 'now';

/** Writes and notifications, each with its state, and the key that restarts their motion. */
export interface Lanes {
  write: Lit;
  watch: Lit;
  key: number;
}

/** The steps that are writes, and those that are notifications. */
const writes = [1, 3, 5, 7, 10];
const tellings = [2, 4, 6, 8];

/** The state of an actor's lanes: lit for what has just happened, marked for its part in the chain. */
export function lanes(store: Store, actor: string): Lanes {
  const lit = store.lit?.actor === actor ? store.lit : undefined;
  const wrote = lit?.type === 'write' || lit?.type === 'refused';
  return {
    write: wrote ? 'now' : took(store, writes, actor) ? 'done' : 'rest',
    watch: lit?.type === 'delivery' ? 'now' : took(store, tellings, actor) ? 'done' : 'rest',
    key: lit?.seq ?? 0,
  };
}

/** Whether an actor has taken a step of the chain, and whether just now. */
export function badge(store: Store, step: number, actor: string): Lit {
  if (store.lit?.step === step && store.lit.actor === actor) return 'now';
  return took(store, [step], actor) ? 'done' : 'rest';
}

function took(store: Store, steps: number[], actor: string): boolean {
  return steps.some((n) => store.chain[n]?.actors.has(actor));
}
