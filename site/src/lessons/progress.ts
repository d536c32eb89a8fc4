import type { Answer } from '../engine/protocol';

// What the browser keeps of the course. A result belongs to a lesson and to the
// content that it had: when the content changes, the result is neither lost
// nor passed off as one of the new content.

export interface Result {
  points: number;
  of: number;
}

/** The best results, by lesson and by hash of its content; later hashes last. */
export type Progress = Record<string, Record<string, Result>>;

/** A lesson under way. */
export interface Work {
  hash: string;
  student: string;
  step: number;
  /** How many hints were given, by check or step. */
  hints: Record<string, number>;
  /** The session, for the engine to go on with. */
  saved: string;
  /** Answers that are not given yet. */
  drafts: Record<string, Answer>;
}

export type Standing = 'new' | 'begun' | 'done' | 'changed';

const format = 'tabernetes/progress/v1';
const progressKey = 'tabernetes.progress';
const workPrefix = 'tabernetes.lesson.';

/** Notes a result; a worse one of the same content changes nothing. */
export function note(progress: Progress, id: string, hash: string, result: Result): Progress {
  const { [hash]: before, ...others } = progress[id] ?? {};
  const best = before && before.points >= result.points ? before : result;
  return { ...progress, [id]: { ...others, [hash]: best } };
}

/** How a lesson of this content stands, with the result to show: the last one of other content where there is none of this. */
export function standing(progress: Progress, id: string, hash: string): [Standing, Result?] {
  const results = progress[id] ?? {};
  const now = results[hash];
  const last = Object.values(results).at(-1);
  if (now) return [now.points >= now.of ? 'done' : 'begun', now];
  return last ? ['changed', last] : ['new'];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Takes from anything what is progress. */
export function readProgress(value: unknown): Progress {
  let out: Progress = {};
  for (const [id, results] of Object.entries(isRecord(value) ? value : {})) {
    for (const [hash, r] of Object.entries(isRecord(results) ? results : {})) {
      if (isRecord(r) && typeof r.points === 'number' && typeof r.of === 'number') {
        out = note(out, id, hash, { points: r.points, of: r.of });
      }
    }
  }
  return out;
}

/** Takes from anything what is work. */
export function readWork(value: unknown): Work | undefined {
  if (!isRecord(value) || typeof value.hash !== 'string' || typeof value.saved !== 'string') return undefined;
  const { hash, saved, student, step, hints, drafts } = value;
  return {
    hash,
    saved,
    student: typeof student === 'string' ? student : '',
    step: typeof step === 'number' ? step : 0,
    hints: isRecord(hints) ? (hints as Work['hints']) : {},
    drafts: isRecord(drafts) ? (drafts as Work['drafts']) : {},
  };
}

export function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

export const loadProgress = (): Progress => readProgress(parse(localStorage.getItem(progressKey)));
export const loadWork = (id: string): Work | undefined => readWork(parse(localStorage.getItem(workPrefix + id)));

export function keepProgress(progress: Progress) {
  localStorage.setItem(progressKey, JSON.stringify(progress));
}

export function keepWork(id: string, work: Work) {
  localStorage.setItem(workPrefix + id, JSON.stringify(work));
}

/** All of it as a file. */
export function exported(ids: string[]): string {
  const works: Record<string, Work> = {};
  for (const id of ids) {
    const work = loadWork(id);
    if (work) works[id] = work;
  }
  return JSON.stringify({ format, progress: loadProgress(), works }, null, 1);
}

/**
 * Takes in a file, beside what is there: better results win, and work under
 * way is never overwritten. Returns the lessons whose work it kept, undefined
 * where the file is none.
 */
export function imported(text: string): string[] | undefined {
  const file = parse(text);
  if (!isRecord(file) || file.format !== format) return undefined;
  let progress = loadProgress();
  for (const [id, results] of Object.entries(readProgress(file.progress))) {
    for (const [hash, result] of Object.entries(results)) progress = note(progress, id, hash, result);
  }
  keepProgress(progress);
  const kept: string[] = [];
  for (const [id, value] of Object.entries(isRecord(file.works) ? file.works : {})) {
    const work = readWork(value);
    if (!work) continue;
    if (loadWork(id)) kept.push(id);
    else keepWork(id, work);
  }
  return kept;
}
