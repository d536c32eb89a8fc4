import { useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { kinds, mostRows, Refused, table, type Kind, type Ref, type Table } from './api';
import { ObjectView } from './ObjectView';

/** How often what is shown is read anew while things happen, in milliseconds. */
export const refresh = 400;

/** Reads something from the API server, and again when there is news or it is asked for differently. */
export function useReading<T>(store: Store, what: string, read: () => Promise<T>): [T | undefined, string] {
  const [got, setGot] = useState<{ what: string; value?: T; error: string }>({ what: '', error: '' });
  const at = useRef(0);
  const revision = store.head;
  useEffect(() => {
    let outdated = false;
    const start = () => {
      at.current = Date.now();
      read().then(
        (value) => outdated || setGot({ what, value, error: '' }),
        (err) => {
          if (!(err instanceof Refused)) throw err;
          if (!outdated) setGot({ what, error: err.message });
        },
      );
    };
    const timer = setTimeout(start, got.what === what ? Math.max(0, at.current + refresh - Date.now()) : 0);
    return () => {
      outdated = true;
      clearTimeout(timer);
    };
  }, [what, revision, store.past.reading]);
  return got.what === what ? [got.value, got.error] : [undefined, ''];
}

/** The kinds that are served, once the control plane is there and they are wanted. */
export function useKinds(store: Store, wanted = true): Kind[] {
  const [all, setAll] = useState<Kind[]>([]);
  useEffect(() => {
    if (wanted && store.phase === 'ready') void kinds(store).then(setAll);
  }, [wanted, store.phase]);
  return all;
}

/** Every object there is, by kind and namespace, and any of them whole. */
export function Objects({ store }: { store: Store }) {
  const t = useWords();
  const all = useKinds(store);
  const [text, setText] = useState('');
  const { object } = store;
  const kind = all.find((k) => k.resource === store.resource) ?? all.find((k) => k.resource === 'pods');
  const wanted = all.find((k) => k.resource === object?.resource && k.group === object.group);
  if (object && wanted) {
    const ref: Ref = { kind: wanted, namespace: object.namespace, name: object.name };
    return <ObjectView key={`${object.resource}/${object.namespace}/${object.name}`} store={store} subject={ref} kinds={all} />;
  }
  return (
    <>
      <div class="choices-row">
        <label class="choice">
          <span>{t('obj.kind')}</span>
          <select lang="en" value={kind?.resource} onChange={(e) => store.browse(e.currentTarget.value)}>
            {all.map((k) => (
              <option key={`${k.group}/${k.resource}`} value={k.resource}>
                {k.kind}
              </option>
            ))}
          </select>
        </label>
        <input
          type="search"
          lang="en"
          value={text}
          placeholder={t('obj.filter')}
          aria-label={t('obj.filter')}
          onInput={(e) => setText(e.currentTarget.value.trim())}
        />
      </div>
      {kind ? <List key={kind.resource} store={store} kind={kind} text={text} /> : <p class="empty">{t('obj.loading')}</p>}
    </>
  );
}

function List({ store, kind, text }: { store: Store; kind: Kind; text: string }) {
  const t = useWords();
  const [got, error] = useReading<Table>(store, kind.resource, () => table(store, kind, ''));
  const shown = got?.rows.filter(({ object: { metadata: m } }) => `${m.namespace ?? ''}/${m.name}`.includes(text)) ?? [];
  const columns = got?.columnDefinitions.map((c, i) => ({ ...c, i })).filter((c) => c.priority === 0 && c.i > 0) ?? [];
  const more = got?.metadata?.remainingItemCount ?? 0;
  return (
    <div class="table objects" tabIndex={0} role="region" aria-label={kind.kind}>
      {error && <p class="why" lang="en">{error}</p>}
      {got && shown.length === 0 && <p class="empty">{t('obj.none', { kind: kind.kind })}</p>}
      {shown.length > 0 && (
        <table lang="en">
          <thead>
            <tr>
              <th scope="col">Name</th>
              {kind.namespaced && <th scope="col">Namespace</th>}
              {columns.map((c) => (
                <th key={c.name} scope="col">
                  {c.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ cells, object: { metadata: m } }) => (
              <tr key={`${m.namespace}/${m.name}`}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    onClick={() => store.open({ group: kind.group, resource: kind.resource, namespace: m.namespace ?? '', name: m.name })}
                  >
                    {m.name}
                  </button>
                </th>
                {kind.namespaced && <td>{m.namespace}</td>}
                {columns.map((c) => (
                  <td key={c.name}>{String(cells[c.i] ?? '')}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p class="note">{t('obj.more', { n: more, most: mostRows })}</p>}
    </div>
  );
}
