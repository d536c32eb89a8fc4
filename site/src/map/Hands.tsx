import { useEffect, useRef } from 'preact/hooks';
import { kindOf, nodeOf } from '../engine/actors';
import type { ActorState } from '../engine/protocol';
import { known, useWords, type Translate } from '../i18n';
import type { Store } from '../store';
import { actorName } from '../words';
import { Glyph } from './glyphs';

interface Props {
  store: Store;
  /** The actors that the box stands for: one, or the other controllers, or all kubelets. */
  actors: string[];
  title: string;
  about: string;
  onClose: () => void;
}

/** What a component is, what it has been told, and the learner's hands on it. */
export function Hands({ store, actors, title, about, onClose }: Props) {
  const t = useWords();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus(), [title]);
  return (
    <section
      ref={panel}
      class="hands"
      tabIndex={-1}
      aria-label={title}
      data-actor={kindOf(actors[0] ?? '')}
      onKeyDown={(e) => {
        if (e.key === 'Escape') onClose();
      }}
    >
      <header>
        <h3>{title}</h3>
        <button type="button" class="close" onClick={onClose} aria-label={t('map.close')}>
          ×
        </button>
      </header>
      <p>{about}</p>
      <ul>
        {actors.map((actor) => {
          const state = store.actors.find((a) => a.name === actor);
          return state && <Hand key={actor} store={store} state={state} alone={actors.length === 1} />;
        })}
      </ul>
    </section>
  );
}

function Hand({ store, state, alone }: { store: Store; state: ActorState; alone: boolean }) {
  const t = useWords();
  const act = (action: 'hold' | 'release' | 'restart' | 'stop' | 'start') =>
    store.send({ type: 'component', actor: state.name, action });
  return (
    <li data-actor={kindOf(state.name)} data-hand={state.name}>
      {!alone && (
        <b>
          <Glyph kind={kindOf(state.name)} />
          {nodeOf(state.name) || actorName(state.name, t)}
        </b>
      )}
      <span class="told">{told(store, state, t)}</span>
      <span class="acts">
        {state.stopped ? (
          <button type="button" onClick={() => act('start')}>
            {t('map.start')}
          </button>
        ) : (
          <>
            <button
              type="button"
              aria-pressed={state.held}
              title={t('map.hold.title')}
              onClick={() => act(state.held ? 'release' : 'hold')}
            >
              {t(state.held ? 'map.release' : 'map.hold')}
            </button>
            <button type="button" title={t('map.restart.title')} onClick={() => act('restart')}>
              {t('map.restart')}
            </button>
            <button type="button" title={t('map.stop.title')} onClick={() => act('stop')}>
              {t('map.stop')}
            </button>
          </>
        )}
      </span>
    </li>
  );
}

function told(store: Store, state: ActorState, t: Translate): string {
  if (state.seen === 0) return t('map.toldNothing');
  return t('map.told', { n: state.seen, revision: store.frame?.revision ?? 0 });
}

/** The sentence that says what a component is. */
export function about(actor: string, t: Translate): string {
  const key = `about.${kindOf(actor) === 'kubelet' ? 'kubelet' : actor}`;
  return known(key) ? t(key) : t('about.others');
}
