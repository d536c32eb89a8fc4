import { useWords } from '../i18n';
import type { Store } from '../store';
import { failureKind, Reset } from './Status';

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
          <Reset store={store} />
        </p>
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
