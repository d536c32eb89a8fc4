import { useEffect, useState } from 'preact/hooks';
import { Dialog } from '../header/Dialog';
import { useWords, type Translate } from '../i18n';
import type { Store } from '../store';
import { Reset } from './Reset';
import { address } from './clusters';
import { Named } from './Named';
import type { Storage, Told } from './storage';

/** Opens the storage dialog. */
export function StorageButton({ store }: { store: Store }) {
  const t = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="link storage-open" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {t('storage.open')}
      </button>
      {open && <StorageDialog store={store} onClose={() => setOpen(false)} />}
    </>
  );
}

function StorageDialog({ store, onClose }: { store: Store; onClose: () => void }) {
  const t = useWords();
  const { storage } = store;
  useEffect(() => void storage.look(), []);
  return (
    <Dialog class="storage" title={t('storage.open')} onClose={onClose}>
      <ToldLine told={storage.told} />
      <Kept storage={storage} />
      <Clusters storage={storage} />
      <Import storage={storage} />
      <p class="acts">
        <Export storage={storage} />
        <Reset store={store} />
      </p>
    </Dialog>
  );
}

/** Hands the cluster out as a file. */
export function Export({ storage }: { storage: Storage }) {
  const t = useWords();
  return (
    <button type="button" disabled={storage.busy} onClick={() => void storage.export()}>
      {t('storage.export')}
    </button>
  );
}

/** What was done, or why it was not. */
export function ToldLine({ told }: { told: Told | undefined }) {
  const t = useWords();
  return (
    <p class="told" role="status" data-what={told?.what}>
      {told && t(`told.${told.what}`, { ...told })}
    </p>
  );
}

function Kept({ storage }: { storage: Storage }) {
  const t = useWords();
  const { usage, persisted } = storage;
  return (
    <section aria-labelledby="storage-kept">
      <h3 id="storage-kept">{t('storage.kept', { name: storage.cluster })}</h3>
      {usage && (
        <p>
          {t('storage.history', { oldest: usage.oldest, revision: usage.revision })}{' '}
          <label>
            {t('storage.policy')}{' '}
            <select value={usage.retain} onChange={(e) => storage.retain(+e.currentTarget.value)}>
              {[100, 1000, 20_000, 100_000, -1].map((n) => (
                <option value={n}>{n > 0 ? n : t('storage.policyAll')}</option>
              ))}
            </select>
          </label>
        </p>
      )}
      {usage && usage.logBytes >= 0 && <p>{t('storage.size', { size: size(usage.logBytes, t) })}</p>}
      {storage.used !== undefined && storage.quota !== undefined && (
        <p>{t('storage.quota', { used: size(storage.used, t), quota: size(storage.quota, t) })}</p>
      )}
      <p>{t(persisted ? 'storage.persisted' : 'storage.evictable')}</p>
      {persisted === false && (
        <button type="button" class="link" onClick={() => void storage.persist()}>
          {t('storage.persist')}
        </button>
      )}
    </section>
  );
}

function Clusters({ storage }: { storage: Storage }) {
  const t = useWords();
  return (
    <section aria-labelledby="storage-clusters">
      <h3 id="storage-clusters">{t('storage.clusters')}</h3>
      <ul class="clusters">
        {storage.clusters.map((name) => (
          <li key={name}>
            {name === storage.cluster ? (
              <strong aria-current="true">{t('storage.current', { name })}</strong>
            ) : (
              <>
                <a href={address(name)} aria-label={t('storage.goTo', { name })}>
                  {name}
                </a>
                <button
                  type="button"
                  class="link"
                  aria-label={t('storage.deleteNamed', { name })}
                  onClick={() => confirm(t('storage.sure', { name })) && void storage.delete(name)}
                >
                  {t('storage.delete')}
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      <Named
        id="storage-new"
        label={t('storage.new')}
        act={t('storage.create')}
        taken={storage.clusters}
        onName={(name) => location.assign(address(name))}
      />
    </section>
  );
}

function Import({ storage }: { storage: Storage }) {
  const t = useWords();
  const [file, setFile] = useState<File>();
  return (
    <section aria-labelledby="storage-import">
      <h3 id="storage-import">{t('storage.import')}</h3>
      <input
        type="file"
        accept=".tabernetes"
        aria-labelledby="storage-import"
        onChange={(e) => setFile(e.currentTarget.files?.[0])}
      />
      {file && (
        <Named
          id="storage-as"
          label={t('storage.as')}
          act={t('storage.importAct')}
          busy={storage.busy}
          taken={storage.clusters}
          onName={(name) => void storage.import(file, name)}
        />
      )}
    </section>
  );
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

function size(bytes: number, t: Translate): string {
  const i = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const n = bytes / 1000 ** i;
  return t('storage.bytes', { n: i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1), unit: units[i]! });
}
