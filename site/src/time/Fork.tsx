import { useEffect, useState } from 'preact/hooks';
import { Dialog } from '../header/Dialog';
import { useWords } from '../i18n';
import { Named } from '../storage/Named';
import { longest } from '../storage/clusters';
import type { Store } from '../store';

/** Asks for a name and makes a new cluster of a revision; a line that was typed at the past is run there. */
export function Fork({ store, revision, line, onClose }: { store: Store; revision: number; line: string; onClose: () => void }) {
  const t = useWords();
  const [wrong, setWrong] = useState('');
  const { storage } = store;
  useEffect(() => void storage.look(), []);
  return (
    <Dialog class="storage fork" title={t('fork.title', { n: revision })} onClose={onClose}>
      <p>{t('fork.text', { name: storage.cluster })}</p>
      {line && (
        <p>
          {t('fork.then')} <code lang="en">{line}</code>
        </p>
      )}
      <Named
        id="fork-name"
        label={t('fork.name')}
        act={t('fork.act')}
        first={suggested(storage.cluster, revision, storage.clusters)}
        busy={storage.busy}
        taken={storage.clusters}
        onName={(name) => void store.fork(revision, name, line).then((why) => why && setWrong(why))}
      />
      <p class="wrong" role="alert" lang="en">
        {wrong}
      </p>
    </Dialog>
  );
}

/** A name that is free: the cluster's, with the revision. */
function suggested(cluster: string, revision: number, taken: string[]): string {
  const name = `${cluster.slice(0, longest - 12)}-at-${revision}`;
  for (let i = 2; ; i++) {
    const candidate = i === 2 ? name : `${name}-${i - 1}`;
    if (!taken.includes(candidate)) return candidate;
  }
}
