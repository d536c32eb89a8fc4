import { useEffect, useRef, useState } from 'preact/hooks';
import { kindOf } from '../engine/actors';
import type { Entry } from '../engine/protocol';
import { useWords } from '../i18n';
import { minor } from '../store';
import { Glyph } from './glyphs';

// The cells' widths with their gaps, as in map.css. Bookkeeping is a sliver.
const cellWidth = 30;
const sliverWidth = 9;

interface Props {
  writes: Entry[];
  version: number;
  selected: number | undefined;
  /** The revision that is read; undefined: the newest. */
  reading: number | undefined;
  related: (revision: number) => boolean;
  onSelect: (revision: number) => void;
}

/**
 * etcd as what it is: a strip of revisions, one cell a write, growing to the right.
 * Its twin for the keyboard and the ear is the list of writes.
 */
export function Strip({ writes, selected, reading, related, onSelect }: Props) {
  const t = useWords();
  const [strip, { width }] = useSize<HTMLDivElement>();
  const cells = window(writes, width, selected ?? reading);
  const room = cells.at(-1) === writes.at(-1) && widthOf(cells) + cellWidth < width;
  return (
    <div class="strip" ref={strip} role="img" aria-label={t('map.etcd.label')}>
      {cells.map((entry) => (
        <span
          key={entry.revision}
          class="cell"
          data-actor={kindOf(entry.actor)}
          data-reading={entry.revision === reading || undefined}
          data-ahead={(reading !== undefined && entry.revision! > reading) || undefined}
          data-selected={entry.revision === selected || undefined}
          data-faded={(selected !== undefined && !related(entry.revision!)) || undefined}
          data-minor={minor(entry) || undefined}
          title={`${entry.revision} · ${entry.actor} · ${entry.verb} ${entry.resource} ${entry.name ?? ''}`}
          onClick={() => onSelect(entry.revision!)}
        >
          {!minor(entry) && <Glyph kind={kindOf(entry.actor)} />}
          {!minor(entry) && entry.revision}
        </span>
      ))}
      {room && <span class="cell next" />}
    </div>
  );
}

function widthOf(cells: Entry[]): number {
  return cells.reduce((sum, entry) => sum + (minor(entry) ? sliverWidth : cellWidth), 0);
}

/** As many writes as fit, oldest first: the last ones, or those around the selected one. */
function window(writes: Entry[], width: number, selected: number | undefined): Entry[] {
  const at = selected === undefined ? -1 : writes.findIndex((entry) => entry.revision === selected);
  // The selected write stands a third from the left: what it led to is to its right.
  const after = at < 0 ? [] : fill(writes, at + 1, 1, (width * 2) / 3);
  const before = fill(writes, at < 0 ? writes.length - 1 : at, -1, width - widthOf(after));
  return [...before.reverse(), ...after];
}

/** The writes from an index on in one direction, until they are wider than the room. */
function fill(writes: Entry[], from: number, direction: 1 | -1, room: number): Entry[] {
  const cells: Entry[] = [];
  let used = 0;
  for (let i = from; i >= 0 && i < writes.length && used < room; i += direction) {
    const entry = writes[i]!;
    if (entry.type !== 'write') continue;
    cells.push(entry);
    used += minor(entry) ? sliverWidth : cellWidth;
  }
  return cells;
}

/** An element, and how large it is. */
export function useSize<E extends Element>() {
  const strip = useRef<E>(null);
  const [size, setSize] = useState({ width: 720 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setSize(entry!.contentRect));
    observer.observe(strip.current!);
    return () => observer.disconnect();
  }, []);
  return [strip, size] as const;
}
