import { useEffect, useRef, useState } from 'preact/hooks';
import { kindOf } from '../engine/actors';
import type { Entry } from '../engine/protocol';
import { useWords } from '../i18n';
import { minor } from '../store';
import { Glyph } from './glyphs';

const cellWidth = 30; // with its gap; the same as in map.css

interface Props {
  writes: Entry[];
  version: number;
  selected: number | undefined;
  related: (revision: number) => boolean;
  onSelect: (revision: number) => void;
}

/** etcd as what it is: a strip of revisions, one cell a write, growing to the right. Its twin for the keyboard and the ear is the list of writes. */
export function Strip({ writes, selected, related, onSelect }: Props) {
  const t = useWords();
  const [strip, fits] = useFits();
  const cells = window(writes, fits, selected);
  return (
    <div class="strip" ref={strip} role="img" aria-label={t('map.etcd.label')}>
      {cells.map((entry) => (
        <span
          key={entry.revision}
          class="cell"
          data-actor={kindOf(entry.actor)}
          data-selected={entry.revision === selected || undefined}
          data-faded={(selected !== undefined && !related(entry.revision!)) || undefined}
          data-minor={minor(entry) || undefined}
          title={`${entry.revision} · ${entry.actor} · ${entry.verb} ${entry.resource} ${entry.name ?? ''}`}
          onClick={() => onSelect(entry.revision!)}
        >
          <Glyph kind={kindOf(entry.actor)} />
          {entry.revision}
        </span>
      ))}
      {cells.length < fits && cells.at(-1) === writes.at(-1) && <span class="cell next" />}
    </div>
  );
}

/** As many writes as fit, oldest first: the last ones, or those around the selected one. */
function window(writes: Entry[], n: number, selected: number | undefined): Entry[] {
  const cells: Entry[] = [];
  for (let i = lastShown(writes, n, selected); i >= 0 && cells.length < n; i--) {
    if (writes[i]!.type === 'write') cells.push(writes[i]!);
  }
  return cells.reverse();
}

function lastShown(writes: Entry[], n: number, selected: number | undefined): number {
  const last = writes.length - 1;
  if (selected === undefined) return last;
  const at = writes.findIndex((entry) => entry.revision === selected);
  // The selected write stands a third from the left: what it led to is to its right.
  return at < 0 ? last : Math.min(last, at + Math.floor((n * 2) / 3));
}

function useFits() {
  const strip = useRef<HTMLDivElement>(null);
  const [fits, setFits] = useState(24);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setFits(Math.ceil(entry!.contentRect.width / cellWidth)));
    observer.observe(strip.current!);
    return () => observer.disconnect();
  }, []);
  return [strip, fits] as const;
}
