import { embedded } from '../embed/frame';
import { useWords, type Translate } from '../i18n';
import { ShareButton } from '../share/Share';
import { address } from '../storage/clusters';
import type { Storage } from '../storage/storage';
import { StorageButton } from '../storage/StorageView';
import type { Store } from '../store';

const megabyte = 1e6;

/** How the engine is: fetching with bytes, starting, running, and what is on disk. */
export function Status({ store }: { store: Store }) {
  const t = useWords();
  const fetching = store.phase === 'download' && store.total > 0;
  return (
    <div class="status" data-phase={store.failure ? 'failed' : store.phase}>
      <span role="status" class="status-text">
        <i class="lamp" aria-hidden="true" />
        {words(store, t)}
      </span>
      {fetching && (
        <progress value={store.loaded} max={store.total} aria-label={words(store, t)} />
      )}
      {store.phase === 'ready' && !store.failure && !store.lessonId && <Saved store={store} />}
      {store.lesson?.opened && !embedded && <ShareButton store={store} />}
    </div>
  );
}

function Saved({ store }: { store: Store }) {
  const t = useWords();
  const frame = store.frame;
  if (!frame) return null;
  if (store.served) return <span class="saved">{t('engine.served')}</span>;
  const safe = frame.durable >= frame.revision;
  return (
    <>
      {!store.storage.nowhere && <span class="saved">{safe ? t('engine.saved', { n: frame.durable }) : t('engine.saving')}</span>}
      {!embedded && <Clusters storage={store.storage} />}
      {!embedded && <StorageButton store={store} />}
      {!embedded && <ShareButton store={store} />}
    </>
  );
}

/** Goes from one cluster in this browser to another. */
function Clusters({ storage }: { storage: Storage }) {
  const t = useWords();
  if (storage.clusters.length < 2) return null;
  return (
    <label class="choice">
      <span class="visually-hidden">{t('cluster.label')}</span>
      <select value={storage.cluster} onChange={(e) => location.assign(address(e.currentTarget.value))}>
        {storage.clusters.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function words(store: Store, t: Translate): string {
  if (store.failure) return t(`engine.${failureKind(store)}.title`);
  const loaded = (store.loaded / megabyte).toFixed(1);
  switch (store.phase) {
    case 'download':
      if (store.total === 0) return t('engine.downloadSome', { loaded });
      return t('engine.download', { loaded, total: (store.total / megabyte).toFixed(1) });
    case 'start':
      return t('engine.start');
    case 'waiting':
      return t('engine.waiting.title');
    case 'failed':
      return t('engine.failed.title');
    case 'ready':
      return t(store.frame?.playing === false ? 'engine.paused' : 'engine.ready');
  }
}

/** Which of the sad stories is told. */
export function failureKind(store: Store) {
  return kinds.find((kind) => kind === store.failure?.kind) ?? 'failed';
}

const kinds = ['storage', 'space', 'gone', 'session', 'forbidden'] as const;
