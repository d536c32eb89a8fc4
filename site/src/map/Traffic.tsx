import { useLayoutEffect, useState } from 'preact/hooks';
import type { Way } from '../engine/protocol';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { caller, inDefault, tally } from '../words';
import { runs, type Run } from './runs';
import { useSize } from './Strip';

interface Props {
  store: Store;
  open: boolean;
  onOpen: () => void;
}

/** Requests between pods, which pass no API server: what each run came to, and the ways that its last ones went. */
export function Traffic({ store, open, onOpen }: Props) {
  const t = useWords();
  const shown = runs(store);
  return (
    <div class="traffic">
      <ul>
        {shown.map((run) => (
          <li key={run.run} data-run={run.run}>
            <span data-asker>{caller(run.from, t)}</span>
            {run.from === 'outside' && run.service && <span lang="en">→ {run.url.replace(/^\w+:\/\//, '')}</span>}
            →
            <Target run={run} store={store} />
            <span class="tally">
              {tally(run, t)}{' '}
              {run.sent > run.answered && (
                <b lang="en">
                  {'✕ '}
                  {Object.entries(run.lost ?? {}).map(([why, n]) => `${why} ${n}`).join(', ')}
                </b>
              )}
            </span>
            <span class="visually-hidden" lang="en">
              {run.ways.map((way) => `${way.pod ?? way.node ?? ''} ${way.count} ${way.lost ?? ''}`).join('; ')}
            </span>
          </li>
        ))}
      </ul>
      <button type="button" class="link" data-part="requests" aria-expanded={open} onClick={onOpen}>
        {t('requests.open')}
      </button>
      <Ways of={shown} />
    </div>
  );
}

function Target({ run, store }: { run: Run; store: Store }) {
  if (!run.service) return <b data-target lang="en">{run.url}</b>;
  const [namespace = '', name = ''] = run.service.split('/');
  return (
    <button type="button" data-target lang="en" title={run.url} onClick={() => store.open({ group: '', resource: 'services', namespace, name })}>
      {inDefault(run.service)}
    </button>
  );
}

interface Line {
  d: string;
  /** Where it ends. */
  x: number;
  y: number;
  kind: 'asks' | 'lost' | 'answered';
  key: string;
}

/** The lines from who asks, and to who answers or does not, over the whole map. */
function Ways({ of }: { of: Run[] }) {
  // Drawn anew when the map's size changes.
  const [svg] = useSize<SVGSVGElement>();
  const [lines, setLines] = useState<Line[]>([]);
  useLayoutEffect(() => {
    const next = of.flatMap((run) => (run.ways.length > 0 ? linesOf(run, svg.current!) : []));
    if (JSON.stringify(next) !== JSON.stringify(lines)) setLines(next);
  });
  return (
    <svg ref={svg} class="ways" aria-hidden="true">
      {lines.map(({ d, x, y, kind, key }) => (
        <g key={key} data-way={kind}>
          <path d={d} />
          <path class="flow" d={d} pathLength="100" />
          <path d={kind === 'lost' ? `M${x - 5} ${y - 5}l10 10m0-10-10 10` : `M${x} ${y}h.1`} />
        </g>
      ))}
    </svg>
  );
}

function linesOf(run: Run, svg: SVGSVGElement): Line[] {
  const map = svg.closest('.map')!;
  const frame = svg.getBoundingClientRect();
  const row = map.querySelector(`[data-run="${run.run}"]`)!;
  /** The middle of an element's edge. */
  const edge = (el: Element, at: 'top' | 'bottom') => {
    const { left, width, [at]: y } = el.getBoundingClientRect();
    return [left + width / 2 - frame.left, y - frame.top] as const;
  };
  const pod = (of = '') => {
    const [namespace, name] = of.split('/');
    return name ? map.querySelector(`[data-pod="${name}"][title^="${namespace}/"] svg`) : null;
  };
  const line = (from: Element, [x, y]: readonly [number, number], kind: Line['kind'], key: string): Line => {
    const [x0, y0] = edge(from, 'top');
    const bend = Math.max(8, (y0 - y) / 2);
    return { d: `M${x0} ${y0}C${x0} ${y0 - bend} ${x} ${y + bend} ${x} ${y}`, x, y, kind, key: `${run.run} ${run.seq} ${key}` };
  };
  const target = row.querySelector('[data-target]')!;
  const asker = pod(run.from);
  const lines = run.ways.map((way) => {
    const there = pod(way.pod) ?? map.querySelector(`[data-node="${way.node}"] .node-box, .tiles [data-node="${way.node}"]`);
    const [x, y] = there ? edge(there, 'bottom') : edge(target, 'top');
    const short = !there ? 24 : pod(way.pod) ? (way.lost ? -7 : 0) : 9;
    return line(target, [x, y - short], way.lost ? 'lost' : 'answered', key(way));
  });
  return asker ? [...lines, line(row.querySelector('[data-asker]')!, edge(asker, 'bottom'), 'asks', '')] : lines;
}

const key = (way: Way) => `${way.pod ?? way.node} ${way.lost}`;
