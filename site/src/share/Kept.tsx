import { useState } from 'preact/hooks';
import { useWords } from '../i18n';
import { Named } from '../storage/Named';
import type { Store } from '../store';

/** Says that what is shown is kept nowhere, and keeps it where the reader wants it. */
export function KeptNowhere({ store }: { store: Store }) {
  const t = useWords();
  const [naming, setNaming] = useState(false);
  return (
    <section class="notice shared" aria-label={t('shared.title')}>
      <p>
        <strong>{t('shared.title')}</strong> {t('shared.text')}
      </p>
      {store.lessonId ? null : naming ? (
        <Named
          id="shared-as"
          label={t('storage.as')}
          act={t('shared.keep')}
          busy={store.storage.busy}
          taken={store.storage.clusters}
          onName={(name) => void store.storage.keepAs(name)}
        />
      ) : (
        <button
          type="button"
          onClick={() => {
            void store.storage.look();
            setNaming(true);
          }}
        >
          {t('shared.keepAs')}
        </button>
      )}
    </section>
  );
}
