import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { kindOf, nodeOf } from '../engine/actors';
import { useWords, type Translate } from '../i18n';
import { Glyph } from '../map/glyphs';
import type { Store } from '../store';
import { boundTo } from '../time/Controls';
import { actorName, sentence } from '../words';
import { Diagram, rowHeight, type Drawn } from './Diagram';
import { Heads } from './Heads';
import { lanesOf } from './lanes';
import { Window, zooms, type Row, type Wanted, type Zoom } from './trace';

/** Who did what because of whom, in the order of happening: a lane an actor, a row an entry. */
export function Sequence({ store }: { store: Store }) {
  const t = useWords();
  const [zoom, setZoom] = useState<Zoom>('steps');
  const [actor, setActor] = useState('');
  const [text, setText] = useState('');
  const [minor, setMinor] = useState(false);
  const until = store.past.reading?.until ?? 0;
  const wanted = useMemo<Wanted>(() => ({ zoom, actor, text, minor, until }), [zoom, actor, text, minor, until]);
  return (
    <>
      <div class="choices-row">
        <label class="choice">
          <span>{t('seq.zoom')}</span>
          <select value={zoom} onChange={(e) => setZoom(e.currentTarget.value as Zoom)}>
            {zooms.map((z) => (
              <option key={z} value={z}>
                {t(`zoom.${z}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="choice">
          <span class="visually-hidden">{t('seq.actor')}</span>
          <select value={actor} onChange={(e) => setActor(e.currentTarget.value)}>
            <option value="">{t('seq.everyone')}</option>
            {['kubectl', ...store.actors.map((a) => a.name).filter((a) => !nodeOf(a)), 'kubelet'].map((a) => (
              <option key={a} value={a}>
                {actorName(a, t)}
              </option>
            ))}
          </select>
        </label>
        <input
          type="search"
          lang="en"
          value={text}
          placeholder={t('seq.object')}
          aria-label={t('seq.object')}
          onInput={(e) => setText(e.currentTarget.value.trim())}
        />
        {(zoom === 'writes' || zoom === 'all') && (
          <label class="choice">
            <input type="checkbox" checked={minor} onChange={(e) => setMinor(e.currentTarget.checked)} />
            <span>{t('seq.minor')}</span>
          </label>
        )}
      </div>
      <Rows store={store} wanted={wanted} onEach={() => setZoom('steps')} />
    </>
  );
}

/** How long the last answer is good for while things happen, in milliseconds. */
const refresh = 250;

/** The narrowest and the widest distance of two lanes, in pixels, and the room that words have at least. */
const narrow = 20;
const wide = 46;
const words = 280;

function Rows({ store, wanted, onEach }: { store: Store; wanted: Wanted; onEach: () => void }) {
  const t = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [size, setSize] = useState({ width: 480, height: 300 });
  const [, redraw] = useState(0);
  const window = useMemo(() => new Window(store.questions, () => redraw((n) => n + 1)), [store]);
  const follow = useRef(true);
  const lanes = useMemo(() => lanesOf(store.actors.map((a) => a.name)), [store.actors.length]);
  const step = Math.max(narrow, Math.min(wide, Math.floor((size.width - words) / lanes.length)));
  const count = Math.ceil(size.height / rowHeight) + 1;
  const first = Math.floor(top / rowHeight);
  useSize(scroller, setSize);
  useWindow(store, window, wanted, first, count, follow);
  useLayoutEffect(() => {
    const el = scroller.current!;
    if (follow.current && store.selected === undefined) el.scrollTop = el.scrollHeight;
  }, [window.all, wanted]);
  useFound(store, window, wanted, scroller, follow, count);
  const rows = visible(store, window, first, count);
  return (
    <div
      ref={scroller}
      class="sequence"
      tabIndex={0}
      role="region"
      aria-label={t('seq.label')}
      onScroll={(e) => {
        const el = e.currentTarget;
        follow.current = el.scrollHeight - el.scrollTop - el.clientHeight < rowHeight;
        setTop(el.scrollTop);
      }}
    >
      <Heads lanes={lanes} step={step} />
      {window.all === 0 && <p class="empty">{t('seq.empty')}</p>}
      <div class="sequence-body" style={{ height: `${window.all * rowHeight}px` }}>
        <div class="sequence-window" style={{ transform: `translateY(${(rows[0]?.at ?? 0) * rowHeight}px)` }}>
          <Diagram lanes={lanes} rows={rows} step={step} from={rows[0]?.at ?? 0} />
          <ol style={{ marginLeft: `${lanes.length * step}px` }}>
            {rows.map((row) => (
              <Item key={row.entry.seq} row={row} all={window.all} store={store} t={t} onEach={onEach} />
            ))}
          </ol>
        </div>
      </div>
    </div>
  );
}

function useSize(el: { current: HTMLElement | null }, set: (size: { width: number; height: number }) => void) {
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => set(entry!.contentRect));
    observer.observe(el.current!);
    return () => observer.disconnect();
  }, []);
}

/** Keeps the rows in view there: asks at once for what is missing, and now and then for what has changed. */
function useWindow(store: Store, window: Window, wanted: Wanted, first: number, count: number, follow: { current: boolean }) {
  const asked = useRef<{ wanted: Wanted; newest: number; at: number } | undefined>(undefined);
  const newest = store.newest;
  useEffect(() => {
    const last = asked.current;
    const ask = () => {
      asked.current = { wanted, newest: store.newest, at: Date.now() };
      window.ask(wanted, follow.current && wanted.until === 0 ? -1 : first, count);
    };
    if (!last || last.wanted !== wanted || !window.has(first, count)) return ask();
    if (last.newest === newest || wanted.until > 0) return;
    const timer = setTimeout(ask, Math.max(0, last.at + refresh - Date.now()));
    return () => clearTimeout(timer);
  }, [wanted, first, count, newest]);
}

/** Brings what is selected into view. */
function useFound(
  store: Store,
  window: Window,
  wanted: Wanted,
  scroller: { current: HTMLDivElement | null },
  follow: { current: boolean },
  count: number,
) {
  const seq = store.why?.entry.seq ?? 0;
  const looking = useRef(0);
  useEffect(() => {
    if (!seq || wanted.zoom === 'folded' || window.rows.some((row) => row.entry.seq === seq)) return;
    follow.current = false;
    looking.current = seq;
    window.ask(wanted, 0, count, seq);
  }, [seq, wanted]);
  useLayoutEffect(() => {
    const at = window.rows.findIndex((row) => row.entry.seq === seq);
    if (!seq || at < 0) return;
    if (looking.current === seq || !inView(scroller.current!, window.from + at)) {
      scroller.current!.scrollTop = (window.from + at - 2) * rowHeight;
    }
    looking.current = 0;
  }, [seq, window.from]);
}

function inView(el: HTMLElement, row: number): boolean {
  const y = row * rowHeight;
  return y >= el.scrollTop && y + 2 * rowHeight < el.scrollTop + el.clientHeight;
}

function visible(store: Store, window: Window, first: number, count: number): Drawn[] {
  const from = Math.max(first - 4, window.from);
  return window.rows.slice(from - window.from, Math.max(0, first + count + 4 - window.from)).map((row, i) => ({
    ...row,
    at: from + i,
    lit: row.entry.seq === store.why?.entry.seq,
    faded: !store.touches(row.entry),
  }));
}

interface ItemProps {
  row: Drawn;
  all: number;
  store: Store;
  t: Translate;
  onEach: () => void;
}

function Item({ row, all, store, t, onEach }: ItemProps) {
  const { entry, count } = row;
  return (
    <li
      class="row"
      data-actor={kindOf(entry.actor)}
      data-faded={row.faded || undefined}
      data-lit={row.lit || undefined}
      data-seq={entry.seq}
      aria-setsize={all}
      aria-posinset={row.at + 1}
    >
      {entry.step ? (
        <b class="badge" title={t('writes.step', { n: entry.step })}>
          {entry.step}
        </b>
      ) : (
        <span class="visually-hidden">{entry.revision}</span>
      )}
      <button type="button" class="row-words" aria-current={row.lit || undefined} onClick={() => store.inspect(row.lit ? undefined : entry)}>
        {told(row, store, t)}
      </button>
      {count > 1 && (
        <button type="button" class="count" onClick={() => (onEach(), store.inspect(entry))} title={t('seq.each')}>
          ×{count}
        </button>
      )}
      {entry.type === 'write' && count === 1 && <small aria-hidden="true">{entry.revision}</small>}
    </li>
  );
}

function told(row: Row, store: Store, t: Translate) {
  const { entry } = row;
  return (
    <>
      <Glyph kind={kindOf(entry.actor)} />
      {sentence(entry, t, boundTo(store, entry))}
    </>
  );
}
