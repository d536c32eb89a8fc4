import { useWords } from '../i18n';
import type { Store } from '../store';

/** Deletes the cluster, when the learner is sure. */
export function Reset({ store }: { store: Store }) {
  const t = useWords();
  return (
    <button type="button" class="link reset" onClick={() => confirm(t('engine.reset.sure')) && store.reset()}>
      {t('engine.reset')}
    </button>
  );
}
