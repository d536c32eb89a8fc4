import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Entry } from '../engine/protocol';
import { useFollow } from '../follow';
import { useWords } from '../i18n';
import { minor, type Store } from '../store';
import { Write } from './Write';

/** How many writes are drawn at first, and how many more each time. */
const page = 40;

/** While work goes as fast as can be nobody reads: so many are drawn, so often (in milliseconds). */
const hurriedPage = 8;
const hurriedEvery = 250;

interface Props {
  store: Store;
  version: number;
}

/** Every write to etcd in order: who, what, which fields, and because of what. */
export function Writes({ store, version }: Props) {
  const t = useWords();
  const [all, setAll] = useState(false);
  const [limit, setLimit] = useState(page);
  const list = useRef<HTMLOListElement>(null);
  const now = useUnhurried(store, version);
  const wanted = useMemo(() => shownOf(store, all), [now, all]);
  const hidden = Math.max(0, wanted.length - (hurried(store) ? hurriedPage : limit));
  const rows = hidden > 0 ? wanted.slice(hidden) : wanted;
  const minors = useMemo(() => store.writes.filter(minor).length, [now]);
  useReveal(store, wanted, limit, setLimit, list);
  useFollow(list, rows.at(-1)?.seq ?? 0, store.changes.size, { rest: store.selected !== undefined });
  useChanges(store, list, version);
  return (
    <>
      <div class="choices-row">
        <label class="choice">
          <input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />
          <span>{t('writes.events', { n: minors })}</span>
        </label>
      </div>
      {rows.length === 0 && <p class="empty">{t('writes.empty')}</p>}
      <ol ref={list} aria-label={t('writes.label')} tabIndex={0}>
        {hidden > 0 && (
          <li class="earlier">
            <button type="button" class="link" onClick={() => setLimit(limit + page)}>
              {t('writes.earlier', { n: Math.min(page, hidden) })}
            </button>
          </li>
        )}
        {rows.map((entry) => [
          store.gaps.has(entry.seq) && (
            <li key={`gap-${entry.seq}`} class="earlier">
              {t('writes.gap', { n: store.gaps.get(entry.seq)! })}
            </li>
          ),
          <Write
            key={entry.seq}
            entry={entry}
            changes={store.changes.get(entry.revision ?? 0)}
            led={store.ledTo.get(entry.revision ?? 0)?.length ?? 0}
            lit={lit(store, entry)}
            store={store}
          />,
        ])}
      </ol>
    </>
  );
}

/** Whether work goes as fast as can be. */
function hurried(store: Store): boolean {
  return store.frame?.speed === 'once' && !store.frame.quiet && store.frame.playing && !store.past.reading && store.selected === undefined;
}

/** The version of the store to draw: every one, but not more often than can be seen while work is hurried. */
function useUnhurried(store: Store, version: number): number {
  const drawn = useRef({ version, at: 0 });
  const at = performance.now();
  if (!hurried(store) || at - drawn.current.at > hurriedEvery) drawn.current = { version, at };
  return drawn.current.version;
}

/** The writes that are listed: all until the revision that is read, bookkeeping only where it is asked for. */
function shownOf(store: Store, all: boolean): Entry[] {
  const until = store.past.reading?.until ?? Infinity;
  if (all && until === Infinity) return store.writes;
  return store.writes.filter((e) => e.seq <= until && (all || !minor(e) || e.revision === store.selected));
}

function lit(store: Store, entry: Entry): 'selected' | 'related' | 'now' | '' {
  if (store.selected !== undefined) {
    if (entry.revision === store.selected) return 'selected';
    if (entry.revision && store.why && store.related(entry.revision)) return 'related';
  }
  return entry === store.lit ? 'now' : '';
}

/** Brings the selected write into view, however far back it is. */
function useReveal(
  store: Store,
  wanted: Entry[],
  limit: number,
  setLimit: (n: number) => void,
  list: { current: HTMLOListElement | null },
) {
  const selected = store.selected;
  const at = useMemo(() => wanted.findIndex((e) => e.revision === selected), [selected]);
  useEffect(() => {
    if (selected === undefined || at < 0) return;
    if (wanted.length - at > limit) setLimit(wanted.length - at + page);
  }, [selected]);
  useLayoutEffect(() => {
    if (selected === undefined) return;
    const row = list.current?.querySelector<HTMLElement>(`[data-revision="${selected}"]`);
    row?.scrollIntoView({ block: 'nearest' });
    row?.focus({ preventScroll: true });
  }, [selected, limit]);
}

/** How long the list rests before the engine is asked about what is in view, in milliseconds. */
const rest = 120;

/** Asks which fields were changed by the writes in view. */
function useChanges(store: Store, list: { current: HTMLOListElement | null }, version: number) {
  useEffect(() => {
    const el = list.current!;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => store.wantChanges(inView(el));
    const soon = () => {
      // While work goes as fast as can be, nothing stays in view.
      if (store.frame?.speed === 'once' && !store.frame.quiet) return;
      clearTimeout(timer);
      timer = setTimeout(ask, rest);
    };
    soon();
    el.addEventListener('scroll', soon, { passive: true });
    return () => {
      clearTimeout(timer);
      el.removeEventListener('scroll', soon);
    };
  }, [version]);
}

/** The revisions of the rows that can be seen now. */
function inView(list: HTMLOListElement): number[] {
  const { top, bottom } = list.getBoundingClientRect();
  const revisions: number[] = [];
  for (const row of list.querySelectorAll<HTMLElement>('[data-revision]')) {
    const box = row.getBoundingClientRect();
    if (box.bottom > top && box.top < bottom) revisions.push(Number(row.dataset.revision));
  }
  return revisions;
}
