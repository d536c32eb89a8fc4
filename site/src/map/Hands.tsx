import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { kindOf, nodeOf } from '../engine/actors';
import type { ActorState, ComponentRequest, Waits } from '../engine/protocol';
import { Close } from '../header/Dialog';
import { known, useWords, type Translate } from '../i18n';
import type { Store } from '../store';
import { actorName } from '../words';
import { Glyph } from './glyphs';
import { Registry } from './Registry';

interface Props {
  store: Store;
  /** The actors that the box stands for: one, or the other controllers, or all kubelets. */
  actors: string[];
  title: string;
  about: string;
  onClose: () => void;
  children?: ComponentChildren;
}

/** What a component is, what it has been told, and the learner's hands on it. */
export function Hands({ store, actors, title, about, onClose, children }: Props) {
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
      <div class="titled">
        <h3>{title}</h3>
        <Close onClose={onClose} />
      </div>
      <p>{about}</p>
      <ul>
        {actors.map((actor) => {
          const state = store.actors.find((a) => a.name === actor);
          return state && <Hand key={actor} store={store} state={state} alone={actors.length === 1} />;
        })}
      </ul>
      {children}
      {kindOf(actors[0] ?? '') === 'kubelet' && !store.past.reading && <Registry store={store} />}
    </section>
  );
}

type Act = 'hold' | 'release' | 'restart' | 'drop' | 'stop' | 'down' | 'start';

/** What the engine calls what the buttons do. */
const sent: Record<Act, ComponentRequest['action']> = {
  hold: 'hold',
  release: 'release',
  restart: 'restart',
  drop: 'disconnect',
  stop: 'stop',
  down: 'stop',
  start: 'start',
};

function Hand({ store, state, alone }: { store: Store; state: ActorState; alone: boolean }) {
  const t = useWords();
  const act = (action: ComponentRequest['action']) => store.send({ type: 'component', actor: state.name, action });
  const expected = ['hold', 'restart', 'drop', nodeOf(state.name) ? 'down' : 'stop'] as const;
  const acts: readonly Act[] = state.stopped ? ['start'] : state.held ? ['release', ...expected.slice(1)] : expected;
  const past = store.past.reading !== undefined;
  const item = useRef<HTMLLIElement>(null);
  // The button that was pressed may be gone, and the focus with it.
  useLayoutEffect(() => {
    if (document.activeElement === document.body) item.current?.querySelector('button')?.focus();
  }, [state.stopped]);
  return (
    <li ref={item} data-actor={kindOf(state.name)} data-hand={state.name}>
      {!alone && (
        <b>
          <Glyph kind={kindOf(state.name)} />
          {nodeOf(state.name) || actorName(state.name, t)}
        </b>
      )}
      <span class="told">{told(store, state, t)}</span>
      {alone && !past && !state.stopped && <Waiting store={store} actor={state.name} />}
      <span class="acts" hidden={past}>
        {acts.map((what) => (
          <button
            key={what === 'release' ? 'hold' : what}
            type="button"
            aria-pressed={what === 'hold' || what === 'release' ? !!state.held : undefined}
            title={what === 'release' || what === 'start' ? undefined : t(`hand.${what}.title`)}
            onClick={() => act(sent[what])}
          >
            {t(`hand.${what}`)}
          </button>
        ))}
      </span>
      {alone && !past && (
        <details>
          <summary>{t('hands.expect')}</summary>
          <ul class="expect">
            {expected.map((what) => (
              <li key={what}>
                <b>{t(`hand.${what}`)}</b>: {t(`hand.${what}.title`)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

/** What the component waits for: what is on its way to it, what it has to do, and its timers. */
function Waiting({ store, actor }: { store: Store; actor: string }) {
  const t = useWords();
  const [waits, setWaits] = useState<Waits>();
  const news = `${store.frame?.revision} ${store.frame?.quiet} ${store.frame?.playing} ${store.newest}`;
  useEffect(() => {
    let outdated = false;
    const timer = setTimeout(() => {
      void store.questions.ask({ type: 'waits', actor }).then((answer) => outdated || setWaits(answer?.waits));
    }, 150);
    return () => {
      outdated = true;
      clearTimeout(timer);
    };
  }, [actor, news]);
  if (!waits) return null;
  if (waits.all === 0) return <span class="waits">{t('map.waits.none')}</span>;
  return (
    <span class="waits">
      {t('map.waits', { n: waits.all })}{' '}
      <span lang="en">{waits.next.map((w) => w.what || w.kind).join(' · ')}</span>
    </span>
  );
}

function told(store: Store, state: ActorState, t: Translate): string {
  if (state.stopped) return t('map.stopped');
  if (state.seen === 0) return t('map.toldNothing');
  return t('map.told', { n: state.seen, revision: store.head });
}

/** The sentence that says what a component is. */
export function about(actor: string, t: Translate): string {
  const key = `about.${kindOf(actor) === 'kubelet' ? 'kubelet' : actor}`;
  return known(key) ? t(key) : t('about.others');
}
