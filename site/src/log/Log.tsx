import { useEffect, useState } from 'preact/hooks';
import type { View } from '../header/Tabs';
import { useWords } from '../i18n';
import { Objects } from '../objects/Objects';
import { Sequence } from '../sequence/Sequence';
import type { Store } from '../store';
import { Why } from '../why/Why';
import { Writes } from '../writes/Writes';

const tabs = ['writes', 'sequence', 'why', 'objects'] as const;
export type Tab = (typeof tabs)[number];

interface Props {
  store: Store;
  view: View;
  onView: () => void;
  large: boolean;
  onLarge: () => void;
}

/** What happened, in four ways: as a list, as lanes, one entry with its reasons, and what there is now. */
export function Log({ store, view, onView, large, onLarge }: Props) {
  const t = useWords();
  const tab = store.tab;
  useFollowSelection(store, view, onView);
  return (
    <section class="panel writes" aria-labelledby="log-title">
      <h2 id="log-title" class="visually-hidden">
        {t('log.label')}
      </h2>
      <header>
        <div role="tablist" aria-label={t('log.label')} onKeyDown={arrows}>
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`log-${name}`}
              aria-selected={name === tab}
              aria-controls="log-panel"
              tabIndex={name === tab ? 0 : -1}
              onClick={() => store.show(name)}
            >
              {t(`panel.${name}`)}
            </button>
          ))}
        </div>
        <button type="button" class="enlarge" aria-pressed={large} title={t('log.large')} aria-label={t('log.large')} onClick={onLarge}>
          <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
            <path d={large ? 'M8 3v5H3m9 9v-5h5M8 8 3 3m9 9 5 5' : 'M12 3h5v5M8 17H3v-5m14-9-6 6m-8 8 6-6'} />
          </svg>
        </button>
      </header>
      <div id="log-panel" role="tabpanel" aria-labelledby={`log-${tab}`} data-tab={tab}>
        {tab === 'writes' && <Writes store={store} version={store.version} />}
        {tab === 'sequence' && <Sequence store={store} />}
        {tab === 'why' && <Why store={store} />}
        {tab === 'objects' && <Objects store={store} />}
      </div>
      {large && (tab === 'writes' || tab === 'sequence') && store.why && (
        <aside class="reasons-beside" aria-label={t('panel.why')}>
          <Why store={store} />
        </aside>
      )}
    </section>
  );
}

/** What is selected elsewhere is shown here, on a narrow screen too. */
function useFollowSelection(store: Store, view: View, onView: () => void) {
  const [was, setWas] = useState(store.selection);
  useEffect(() => {
    if (store.selection === was) return;
    setWas(store.selection);
    if (view === 'map' && store.selection > 0 && store.why) onView();
  }, [store.selection, store.why]);
  useEffect(() => {
    if (store.object) onView();
  }, [store.object]);
}

/** The arrows move between tabs. */
function arrows(e: KeyboardEvent & { currentTarget: HTMLElement }) {
  const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
  if (by === 0) return;
  const all = [...e.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')];
  const next = all[(all.indexOf(document.activeElement as HTMLElement) + by + all.length) % all.length];
  next?.focus();
  next?.click();
  e.preventDefault();
}
