import { kindOf } from '../engine/actors';
import type { Entry } from '../engine/protocol';
import { laneOf, type Lane } from './lanes';
import type { Row } from './trace';

/** The height of a row, as in sequence.css. */
export const rowHeight = 32;

export interface Drawn extends Row {
  /** Its place among all rows. */
  at: number;
  /** It is not on the chain that is lit. */
  faded?: boolean;
  lit?: boolean;
}

interface Props {
  lanes: Lane[];
  rows: Drawn[];
  /** The distance of two lanes, in pixels. */
  step: number;
  /** The first row's place. */
  from: number;
}

export const laneX = (i: number, step: number) => step / 2 + i * step;

/** The lanes behind the rows: a write goes to etcd thick, a notification comes from there thin, and work runs down a lane from one to the other. */
export function Diagram({ lanes, rows, step, from }: Props) {
  const etcd = laneX(1, step);
  const height = rows.length * rowHeight;
  // Where notifications have no rows of their own, the one that woke a writer is drawn with its write.
  const alone = rows.every((row) => row.entry.type !== 'delivery');
  const y = (row: Drawn) => (row.at - from) * rowHeight + rowHeight / 2;
  return (
    <svg class="lanes" width={lanes.length * step} height={height} aria-hidden="true">
      {lanes.map((lane, i) => (
        <line key={lane.id} class="lane" data-actor={lane.kind} x1={laneX(i, step)} x2={laneX(i, step)} y1={0} y2={height} />
      ))}
      {works(rows, lanes).map(({ lane, start, end }) => (
        <line
          key={`${start.at}-${end.at}`}
          class="work"
          data-actor={kindOf(end.entry.actor)}
          data-faded={end.faded || undefined}
          x1={laneX(lane, step)}
          x2={laneX(lane, step)}
          y1={y(start)}
          y2={y(end)}
        />
      ))}
      {rows.map((row) => (
        <g key={row.at} class="mark" data-type={row.entry.type} data-actor={kindOf(row.entry.actor)} data-faded={row.faded || undefined} data-lit={row.lit || undefined}>
          {xs(row, lanes).map((lane) => (
            <Mark key={lane} row={row} x={laneX(lane, step)} etcd={etcd} y={y(row)} step={step} woken={alone && woken(row.entry)} />
          ))}
        </g>
      ))}
    </svg>
  );
}

/** The lanes that a row touches. */
function xs(row: Row, lanes: Lane[]): number[] {
  return [...new Set(row.actors.map((actor) => laneOf(lanes, actor)))];
}

/** From the notification that woke an actor to what it wrote then. */
function works(rows: Drawn[], lanes: Lane[]): { lane: number; start: Drawn; end: Drawn }[] {
  const told = new Map<string, Drawn[]>();
  const out = [];
  for (const row of rows) {
    const { actor, type, causes } = row.entry;
    const own = told.get(actor) ?? [];
    if (type === 'delivery') {
      told.set(actor, [...own, row]);
      continue;
    }
    const lane = laneOf(lanes, actor);
    for (const start of own) {
      if (causes?.includes(start.entry.revision!)) out.push({ lane, start, end: row });
    }
  }
  return out;
}

interface MarkProps {
  row: Drawn;
  x: number;
  etcd: number;
  y: number;
  step: number;
  woken: boolean;
}

function Mark({ row, x, etcd, y, step, woken }: MarkProps) {
  const { entry } = row;
  const side = x > etcd ? 1 : -1;
  const half = Math.min(11, step / 2 - 2);
  switch (entry.type) {
    case 'delivery':
      return (
        <>
          <line class="heard" x1={etcd + side * half} x2={x - side * 6} y1={y} y2={y} />
          <path class="head" d={`M${x - side * 2} ${y}l${-side * 6} -4v8z`} />
        </>
      );
    case 'decision':
      return <path class="decision" d={`M${x} ${y - 7}l7 7-7 7-7-7z`} />;
    default:
      return (
        <>
          {woken && <line class="heard" x1={etcd + side * half} x2={x} y1={y - 8} y2={y - 8} />}
          <line class="wrote" x1={x} x2={etcd + side * (half + 7)} y1={y} y2={y} />
          <path class="head" d={`M${etcd + side * half} ${y}l${side * 8} -5v10z`} />
          <circle class="hand" cx={x} cy={y} r={4.5} />
          {entry.type === 'refused' ? (
            <path class="no" d={`M${etcd - 5} ${y - 5}l10 10m0-10-10 10`} />
          ) : (
            <rect class="cell-mark" x={etcd - half} y={y - 8} width={2 * half} height={16} rx={3} />
          )}
        </>
      );
  }
}

/** Whether a notification woke the writer. */
function woken(entry: Entry): boolean {
  return entry.type === 'write' && entry.actor !== 'kubectl' && (entry.causes?.length ?? 0) > 0;
}
