import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import { onUpdate, updateNow, updateWaits } from './offline';

/** Says that a newer version waits. It never comes by itself while the page is open. */
export function Update() {
  const t = useWords();
  const [waits, setWaits] = useState(updateWaits);
  const [later, setLater] = useState(false);
  useEffect(() => onUpdate(() => setWaits(true)), []);
  if (!waits || later) return null;
  return (
    <section class="notice" role="status">
      <h2>{t('update.title')}</h2>
      <p>{t('update.text')}</p>
      <p class="acts">
        <button type="button" onClick={updateNow}>
          {t('update.now')}
        </button>
        <button type="button" onClick={() => setLater(true)}>
          {t('update.later')}
        </button>
      </p>
    </section>
  );
}
