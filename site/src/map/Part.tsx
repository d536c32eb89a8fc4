import { kindOf, type Kind } from '../engine/actors';
import type { ActorState } from '../engine/protocol';
import { useWords } from '../i18n';
import { Glyph } from './glyphs';
import type { Lanes, Lit } from './state';

/** A numbered step on the map. */
export function Badge({ n, lit }: { n: number; lit: Lit }) {
  return (
    <b class="badge" data-lit={lit} aria-hidden="true">
      {n}
    </b>
  );
}

/** A step and how it stands. */
export interface Numbered {
  n: number;
  lit: Lit;
}

interface WiresProps {
  lanes: Lanes;
  write?: Numbered[];
  watch?: Numbered[];
}

/** The two lanes between a component and the API server: a thick one for writes, a thin one for the watch. */
export function Wires({ lanes, write, watch }: WiresProps) {
  return (
    <div class="wires" aria-hidden="true">
      <Wire kind="write" lit={lanes.write} at={lanes.key} steps={write} />
      <Wire kind="watch" lit={lanes.watch} at={lanes.key} steps={watch} />
    </div>
  );
}

interface WireProps {
  kind: 'write' | 'watch';
  lit: Lit;
  /** Changes for every passage, so that each one moves. */
  at: number;
  steps: Numbered[] | undefined;
}

function Wire({ kind, lit, at, steps = [] }: WireProps) {
  return (
    <span class={`wire ${kind}`} data-lit={lit}>
      {lit === 'now' && <i key={at} class="pulse" />}
      <span class="beside">
        {steps.map(({ n, lit }) => (
          <Badge key={n} n={n} lit={lit} />
        ))}
      </span>
    </span>
  );
}

interface BoxProps {
  actor: string;
  kind?: Kind;
  name: string;
  state?: ActorState;
  open: boolean;
  lit: boolean;
  onOpen: () => void;
}

/** A component's box; pressing it opens what there is to know of it and to do with it. */
export function Box({ actor, kind = kindOf(actor), name, state, open, lit, onOpen }: BoxProps) {
  const t = useWords();
  const condition = state?.stopped ? t('map.stopped') : state?.held ? t('map.held') : '';
  return (
    <button
      type="button"
      class="box"
      data-part={actor}
      data-lit={lit}
      data-condition={state?.stopped ? 'stopped' : state?.held ? 'held' : undefined}
      aria-expanded={open}
      onClick={onOpen}
    >
      <Glyph kind={kind} />
      <span class="box-name">{name}</span>
      <small>{condition || (state && state.seen > 0 ? t('map.seen', { n: state.seen }) : ' ')}</small>
    </button>
  );
}
