import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Entry } from '../engine/protocol';
import { useFollow } from '../follow';
import type { View } from '../header/Tabs';
import { useWords } from '../i18n';
import { minor, type Store } from '../store';
import { Write } from './Write';

/** How many writes are drawn at first, and how many more each time. */
const page = 60;

interface Props {
  store: Store;
  version: number;
  shown: View;
  onShow: () => void;
}

/** Every write to etcd in order: who, what, which fields, and because of what. */
export function Writes({ store, version, shown, onShow }: Props) {
  const t = useWords();
  const [all, setAll] = useState(false);
  const [limit, setLimit] = useState(page);
  const list = useRef<HTMLOListElement>(null);
  const wanted = useMemo(
    () => (all ? store.writes : store.writes.filter((e) => !minor(e) || e.revision === store.selected)),
    [version, all],
  );
  const hidden = Math.max(0, wanted.length - limit);
  const rows = hidden > 0 ? wanted.slice(hidden) : wanted;
  const minors = useMemo(() => store.writes.filter(minor).length, [version]);
  useReveal(store, wanted, limit, setLimit, list, shown, onShow);
  useFollow(list, rows.at(-1)?.seq ?? 0, store.changes.size, { rest: store.selected !== undefined });
  useChanges(store, list, version);
  return (
    <section class="panel writes" aria-labelledby="writes-title">
      <header>
        <h2 id="writes-title">{t('writes.title')}</h2>
        <label class="choice">
          <input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />
          <span>{t('writes.events', { n: minors })}</span>
        </label>
      </header>
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
    </section>
  );
}

function lit(store: Store, entry: Entry): 'selected' | 'related' | 'now' | '' {
  const selected = store.selected;
  if (selected !== undefined) {
    if (entry.revision === selected) return 'selected';
    const cause = store.byRevision.get(selected)?.causes?.includes(entry.revision ?? -1);
    if (cause || entry.causes?.includes(selected)) return 'related';
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
  shown: View,
  onShow: () => void,
) {
  const selected = store.selected;
  const at = useMemo(() => wanted.findIndex((e) => e.revision === selected), [selected]);
  useEffect(() => {
    if (selected === undefined || at < 0) return;
    if (shown === 'map') onShow();
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
