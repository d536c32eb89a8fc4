import { useState } from 'preact/hooks';
import { kindOf, nodeOf } from '../engine/actors';
import { useWords, type Translate } from '../i18n';
import type { Store } from '../store';
import { actorName } from '../words';
import { Api } from './Api';
import { Glyph } from './glyphs';
import { about, Hands } from './Hands';
import { Nodes } from './Nodes';
import { Box, Wires } from './Part';
import { Send } from './Send';
import { badge, lanes, type Lanes } from './state';
import { Traffic } from './Traffic';

/** The components above the API server, with the steps on their lanes. */
const parts = [
  { actor: 'kubectl', write: 1 },
  { actor: 'deployment-controller', watch: 2, write: 3 },
  { actor: 'replicaset-controller', watch: 4, write: 5 },
  { actor: 'scheduler', watch: 6, write: 7 },
];

/** The map: components as places, with the API server between them all. */
export function ClusterMap({ store, onConsole }: { store: Store; onConsole: (e: Event) => void }) {
  const t = useWords();
  const [open, setOpen] = useState<string>();
  const toggle = (actor: string) => setOpen(open === actor ? undefined : actor);
  const close = () => {
    setOpen(undefined);
    document.querySelector<HTMLElement>(`[data-part="${open}"]`)?.focus();
  };
  const others = othersOf(store);
  return (
    <section class="panel map" aria-label={t('map.label')} data-selecting={store.why ? true : undefined}>
      <div class="parts">
        {parts.map((part) => (
          <Part key={part.actor} store={store} {...part} open={open} onOpen={toggle} onConsole={onConsole} />
        ))}
        <div class="part others" data-actor="other" data-touched={others.some((a) => store.touched.has(a)) || undefined}>
          <Box
            actor="others"
            kind="other"
            name={t('part.others')}
            open={open === 'others'}
            lit={others.includes(store.lit?.actor ?? '')}
            onOpen={() => toggle('others')}
          />
          <Wires lanes={otherLanes(store, others)} />
        </div>
      </div>
      <Api store={store} />
      <Nodes store={store} open={open} onOpen={toggle} />
      <Traffic store={store} open={open === 'requests'} onOpen={() => toggle('requests')} />
      {open && (
        <Hands store={store} {...subject(open, others, store, t)} onClose={close}>
          {open === 'requests' && !store.past.reading && <Send store={store} onSent={close} />}
        </Hands>
      )}
    </section>
  );
}

interface PartProps {
  store: Store;
  actor: string;
  write: number;
  watch?: number;
  open: string | undefined;
  onOpen: (actor: string) => void;
  onConsole: (e: Event) => void;
}

function Part({ store, actor, write, watch, open, onOpen, onConsole }: PartProps) {
  const t = useWords();
  const state = lanes(store, actor);
  const kubectl = actor === 'kubectl';
  return (
    <div class="part" data-actor={kindOf(actor)} data-touched={store.touched.has(actor) || undefined}>
      {kubectl ? (
        <You lit={state.write === 'now'} onConsole={onConsole} />
      ) : (
        <Box
          actor={actor}
          name={actorName(actor, t)}
          state={store.actors.find((a) => a.name === actor)}
          open={open === actor}
          lit={store.lit?.actor === actor}
          onOpen={() => onOpen(actor)}
        />
      )}
      <Wires
        lanes={state}
        write={[{ n: write, lit: badge(store, write, actor) }]}
        watch={watch ? [{ n: watch, lit: badge(store, watch, actor) }] : []}
      />
    </div>
  );
}

/** The learner, at kubectl; pressing it leads to the console. */
function You({ lit, onConsole }: { lit: boolean; onConsole: (e: Event) => void }) {
  const t = useWords();
  return (
    <a class="box you" href="#command" onClick={onConsole} data-part="kubectl" data-lit={lit}>
      <Glyph kind="kubectl" />
      <span class="box-name" lang="en">
        kubectl
      </span>
      <small>{t('map.you')}</small>
    </a>
  );
}

/** The components that have no box of their own. */
function othersOf(store: Store): string[] {
  const own = parts.map((part) => part.actor);
  return store.actors.map((a) => a.name).filter((name) => !own.includes(name) && !nodeOf(name));
}

/** The lanes that the other controllers share: those of the one that did something last. */
function otherLanes(store: Store, others: string[]): Lanes {
  const now = store.lit?.actor ?? '';
  return lanes(store, others.includes(now) ? now : '');
}

/** What the open panel is about. */
function subject(open: string, others: string[], store: Store, t: Translate) {
  switch (open) {
    case 'others':
      return { actors: others, title: t('part.others'), about: t('about.others') };
    case 'requests':
      return { actors: [], title: t('requests.title'), about: t('requests.about') };
    case 'kubelets':
      return {
        actors: store.actors.map((a) => a.name).filter(nodeOf),
        title: t('part.kubelets'),
        about: t('about.kubelet'),
      };
    default:
      return {
        actors: [open],
        title: nodeOf(open) ? `${t('part.kubelet')} · ${nodeOf(open)}` : actorName(open, t),
        about: about(open, t),
      };
  }
}
