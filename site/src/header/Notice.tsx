import { useWords } from '../i18n';
import { Reset } from '../storage/Reset';
import { address, first } from '../storage/clusters';
import { Export, ToldLine } from '../storage/StorageView';
import type { Store } from '../store';
import { failureKind } from './Status';

/** Says in plain words what keeps the page from working, and what to do. */
export function Notice({ store }: { store: Store }) {
  const t = useWords();
  if (store.failure) {
    const kind = failureKind(store);
    return (
      <section class="notice bad" role="alert">
        <h2>{t(`engine.${kind}.title`)}</h2>
        <p>{t(`engine.${kind}.text`)}</p>
        <p lang="en">
          <code>{store.failure.message}</code>
        </p>
        <p class="acts">
          <button type="button" onClick={() => location.reload()}>
            {t('engine.reload')}
          </button>
          {kind === 'space' && (
            <button type="button" disabled={store.storage.busy} onClick={() => store.storage.makeRoom()}>
              {t('storage.room')}
            </button>
          )}
          {kind !== 'failed' && store.frame && <Export storage={store.storage} />}
          {kind === 'session' ? <a href={address(first)}>{t('engine.session.own')}</a> : !store.served && <Reset store={store} />}
        </p>
        <ToldLine told={store.storage.told} />
      </section>
    );
  }
  if (store.phase !== 'waiting') return null;
  return (
    <section class="notice" role="status">
      <h2>{t('engine.waiting.title')}</h2>
      <p>{t('engine.waiting.text')}</p>
    </section>
  );
}
