import type { Answer, CheckState, Observed } from '../engine/protocol';
import type { Part } from './page';

// A prediction while it is being made, and laid over what happened. An event
// is a block's id, and for blocks that happen once for each of several objects
// the object's number: "pod-created/2".

export interface Prediction {
  order: string[];
  /** What leads to each event, by event. */
  causes: Record<string, string[]>;
  /** Who does it, by block. */
  actors: Record<string, string>;
}

/** As many objects as one may put a block for. */
const mostObjects = 9;

export function blockOf(event: string): string {
  return event.split('/')[0]!;
}

/** The number of the event's object, 0 where it is for none. */
export function objectOf(event: string): number {
  return Number(event.split('/')[1] ?? 0);
}

export function fromAnswer(answer: Answer | undefined): Prediction {
  const causes: Prediction['causes'] = {};
  for (const [cause, effect] of answer?.causes ?? []) (causes[effect] ??= []).push(cause);
  return { order: answer?.order ?? [], causes, actors: answer?.actors ?? {} };
}

/** The answer, with only what the chosen events have, and objects numbered as they first come. */
export function toAnswer(prediction: Prediction): Answer {
  const { order, causes, actors } = numbered(prediction);
  return {
    order,
    causes: order.flatMap((effect) => (causes[effect] ?? []).map((cause): [string, string] => [cause, effect])),
    actors: Object.fromEntries(Object.entries(actors).filter(([block]) => order.some((event) => blockOf(event) === block))),
  };
}

/** Objects are interchangeable: they are called 1, 2, … in the order in which they come. */
export function numbered({ order, causes, actors }: Prediction): Prediction {
  const numbers = new Map<number, number>();
  const rename = (event: string) => {
    const object = objectOf(event);
    if (!object) return event;
    if (!numbers.has(object)) numbers.set(object, numbers.size + 1);
    return `${blockOf(event)}/${numbers.get(object)}`;
  };
  const renamed = order.map(rename);
  return {
    order: renamed,
    causes: Object.fromEntries(Object.entries(causes).map(([effect, all]) => [rename(effect), all.map(rename)])),
    actors,
  };
}

/** The event that putting a block would add; undefined where no more of it can be put. */
export function nextOf({ order }: Prediction, part: Part): string | undefined {
  if (!part.each) return order.includes(part.id) ? undefined : part.id;
  for (let n = 1; n <= mostObjects; n++) {
    if (!order.includes(`${part.id}/${n}`)) return `${part.id}/${n}`;
  }
  return undefined;
}

export function put(prediction: Prediction, event: string): Prediction {
  return { ...prediction, order: [...prediction.order, event] };
}

export function takeOut({ order, causes, actors }: Prediction, event: string): Prediction {
  const { [event]: _, ...rest } = causes;
  const kept = Object.entries(rest).map(([effect, all]) => [effect, all.filter((cause) => cause !== event)]);
  return { order: order.filter((e) => e !== event), causes: Object.fromEntries(kept), actors };
}

export function moved<T>(list: T[], from: number, to: number): T[] {
  const rest = list.filter((_, i) => i !== from);
  rest.splice(to, 0, list[from]!);
  return rest;
}

/** Names the n-th cause of an event; an empty name takes it away. */
export function withCause(prediction: Prediction, effect: string, n: number, cause: string): Prediction {
  const all = [...(prediction.causes[effect] ?? [])];
  all[n] = cause;
  return { ...prediction, causes: { ...prediction.causes, [effect]: [...new Set(all.filter(Boolean))] } };
}

/** partly: it stands where it belongs, but there is something to say. */
export type Verdict = 'right' | 'partly' | 'moved' | 'missing' | 'never' | 'ahead';

/** An event laid over: where it came, where it was predicted to come, and what there is to say. */
export interface Row {
  event: string;
  verdict: Verdict;
  happened?: Observed;
  /** Its place among what was predicted, from 1; 0 where it was not. */
  place: number;
  said: string[];
}

/** What there is to say about each event, by event or block. */
export function notesOn(state: CheckState | undefined, language: string): Map<string, string[]> {
  const said = new Map<string, string[]>();
  state?.prediction?.notes?.forEach((note, i) => {
    const words = state.said[language]?.notes?.[i];
    if (words) said.set(note.event, [...(said.get(note.event) ?? []), words]);
  });
  return said;
}

/** Lays a prediction over what happened: first what happened, in order, then what did not. */
export function overlay(order: string[], happened: Observed[], state: CheckState | undefined, language: string): Row[] {
  const notes = state?.prediction?.notes ?? [];
  const said = notesOn(state, language);
  const row = (event: string, verdict: Verdict, seen?: Observed): Row => {
    // What is said of a block as a whole is said once, at its first event.
    const words = [...(said.get(event) ?? []), ...(objectOf(event) === 1 ? (said.get(blockOf(event)) ?? []) : [])];
    const partly = verdict === 'right' && words.length > 0;
    return { event, verdict: partly ? 'partly' : verdict, happened: seen, place: order.indexOf(event) + 1, said: words };
  };
  const misplaced = (event: string) => notes.some((n) => n.event === event && (n.code === 'move' || n.code === 'impossible'));
  const never = (event: string) =>
    notes.some((n) => (n.code === 'misconception' || n.code === 'surplus') && (n.event === event || n.event === blockOf(event)));
  const seen = happened.map((h) => row(h.event, !order.includes(h.event) ? 'missing' : misplaced(h.event) ? 'moved' : 'right', h));
  const rest = order.filter((event) => !happened.some((h) => h.event === event));
  return [...seen, ...rest.map((event) => row(event, never(event) ? 'never' : 'ahead'))];
}
