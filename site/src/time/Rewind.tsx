import { useMemo } from 'preact/hooks';
import { kindOf } from '../engine/actors';
import type { Entry } from '../engine/protocol';
import { useWords } from '../i18n';
import { minor, type Store } from '../store';

/** So many stretches of one colour are told apart on the band. */
const bins = 240;

/** The whole log of etcd as a slider: every revision that is kept can be read. */
export function Band({ store }: { store: Store }) {
  const t = useWords();
  const head = store.frame?.revision ?? 1;
  const oldest = store.frame?.oldest ?? 1;
  const at = Math.min(store.past.at ?? head, head);
  const colours = useMemo(() => gradient(store.writes, oldest, head), [head, oldest, store.writes.length]);
  return (
    <div class="band">
      <span class="band-colours" aria-hidden="true" style={{ backgroundImage: colours }} />
      <input
        type="range"
        min={oldest}
        max={Math.max(head, oldest + 1)}
        step={1}
        value={at}
        disabled={head <= oldest}
        aria-label={t('past.slider')}
        aria-valuetext={at < head ? t('past.of', { n: at, head }) : t('past.now', { n: head })}
        onInput={(e) => {
          const n = Number(e.currentTarget.value);
          store.past.go(n < head ? n : undefined);
        }}
      />
    </div>
  );
}

/** The colours of those who wrote, from the oldest revision to the newest. */
function gradient(writes: Entry[], oldest: number, head: number): string {
  const span = Math.max(1, head - oldest + 1);
  const wide = span / Math.min(bins, span);
  const colours: string[] = [];
  for (const entry of writes) {
    if (!entry.revision || entry.revision < oldest) continue;
    const bin = Math.floor((entry.revision - oldest) / wide);
    // What the learner did is seen from afar; bookkeeping never hides the rest.
    if (minor(entry) ? colours[bin] : colours[bin] === 'kubectl') continue;
    colours[bin] = minor(entry) ? 'minor' : kindOf(entry.actor);
  }
  const stops: string[] = [];
  const n = Math.ceil(span / wide);
  for (let i = 0, from = 0; i < n; i++) {
    if (i + 1 < n && colours[i + 1] === colours[i]) continue;
    const colour = !colours[i] || colours[i] === 'minor' ? 'var(--line)' : `var(--actor-${colours[i]})`;
    stops.push(`${colour} ${((from / n) * 100).toFixed(2)}% ${(((i + 1) / n) * 100).toFixed(2)}%`);
    from = i + 1;
  }
  return stops.length > 0 ? `linear-gradient(90deg, ${stops.join()})` : 'none';
}

const icons = {
  first: 'M5 4v12m10-12-8 6 8 6z',
  back: 'm14 4-9 6 9 6z',
  forth: 'm6 4 9 6-9 6z',
  now: 'M15 4v12m-10-12 8 6-8 6z',
};

/** From write to write, and to both ends. Bookkeeping is passed over; the slider stops at every revision. */
export function Walk({ store }: { store: Store }) {
  const t = useWords();
  const head = store.frame?.revision ?? 1;
  const at = Math.min(store.past.at ?? head, head);
  const oldest = store.frame?.oldest ?? 1;
  const go = (n: number | undefined) => store.past.go(n === undefined || n >= head ? undefined : Math.max(n, oldest));
  const name = (act: keyof typeof icons) => t(`walk.${act}`);
  const idle = store.phase !== 'ready';
  const steps: [keyof typeof icons, boolean, () => void][] = [
    ['first', at <= oldest, () => go(oldest)],
    ['back', at <= oldest, () => go(beside(store, at, -1) ?? at - 1)],
    ['forth', at >= head, () => go(beside(store, at, 1))],
    ['now', at >= head, () => go(undefined)],
  ];
  return (
    <span class="walk" role="group" aria-label={t('past.walk')}>
      {steps.map(([act, end, press]) => (
        <button
          key={act}
          type="button"
          data-act={act}
          // Kept focusable at the ends: a disabled button would drop the focus.
          aria-disabled={idle || end}
          title={name(act)}
          aria-label={name(act)}
          onClick={() => !idle && !end && press()}
        >
          <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
            <path d={icons[act]} />
          </svg>
        </button>
      ))}
    </span>
  );
}

/** The write before or after a revision that is no bookkeeping; undefined where there is none. */
function beside(store: Store, revision: number, direction: 1 | -1): number | undefined {
  const { writes } = store;
  const start = direction > 0 ? 0 : writes.length - 1;
  for (let i = start; i >= 0 && i < writes.length; i += direction) {
    const entry = writes[i]!;
    if (!entry.revision || minor(entry)) continue;
    if (direction > 0 ? entry.revision > revision : entry.revision < revision) return entry.revision;
  }
  return undefined;
}
