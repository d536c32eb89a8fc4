import { useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { object, owned, type Kind, type Ref, type Shown } from './api';
import { useReading } from './Objects';

interface Props {
  store: Store;
  subject: Ref;
  kinds: Kind[];
}

/** One object: its YAML as it is now, whose it is, its events, and who owns which field. */
export function ObjectView({ store, subject, kinds }: Props) {
  const t = useWords();
  const { kind, namespace, name } = subject;
  const [editing, setEditing] = useState<string>();
  const [editor, setEditor] = useState<typeof import('./editor')>();
  const [failed, setFailed] = useState('');
  const edit = (yaml: string) => {
    setEditing(yaml);
    // The editor is fetched when the first object is edited.
    import('./editor').then(setEditor, (err) => {
      setEditing(undefined);
      setFailed(String(err));
    });
  };
  const [shown, error] = useReading<Shown>(store, `${kind.resource}/${namespace}/${name}`, () => object(store, subject));
  const past = store.past.reading !== undefined;
  const created = store.writes.find((e) => e.resource === kind.resource && e.name === name && e.namespace === namespace && e.verb === 'create');
  return (
    <>
      <div class="choices-row">
        <button type="button" onClick={() => store.open(undefined)}>
          ‹ {kind.kind}
        </button>
        <h3 class="object-name" lang="en">
          {name}
        </h3>
        {created && (
          <button type="button" class="link" onClick={() => (store.inspect(created), store.show('why'))}>
            {t('obj.why')}
          </button>
        )}
        {shown && !past && editing === undefined && (
          <button type="button" onClick={() => edit(shown.yaml)}>
            {t('obj.edit')}
          </button>
        )}
      </div>
      {editing !== undefined ? (
        editor ? (
          <editor.Edit store={store} subject={subject} yaml={editing} onClose={() => setEditing(undefined)} />
        ) : (
          <p class="empty">{t('obj.loading')}</p>
        )
      ) : (
        <div class="object" tabIndex={0} role="region" aria-label={`${kind.kind} ${name}`}>
          {(error || failed) && <p class="why" lang="en">{error || failed}</p>}
          {shown && <Whole store={store} shown={shown} kinds={kinds} />}
        </div>
      )}
    </>
  );
}

function Whole({ store, shown, kinds }: { store: Store; shown: Shown; kinds: Kind[] }) {
  const t = useWords();
  const { yaml, meta, events } = shown;
  const owners = meta.ownerReferences ?? [];
  const kindOf = (name: string) => kinds.find((k) => k.kind === name);
  return (
    <>
      {owners.length > 0 && (
        <p>
          {t('obj.owner')}{' '}
          {owners.map((o) => {
            const kind = kindOf(o.kind);
            if (!kind) return <span key={o.uid} lang="en">{o.kind} {o.name}</span>;
            const namespace = kind.namespaced ? (meta.namespace ?? '') : '';
            return (
              <button key={o.uid} type="button" class="link" lang="en" onClick={() => store.open({ group: kind.group, resource: kind.resource, namespace, name: o.name })}>
                {o.kind} {o.name}
              </button>
            );
          })}
        </p>
      )}
      <pre lang="en">{yaml}</pre>
      {events.length > 0 && (
        <section lang="en">
          <h4>Events</h4>
          <ul class="object-events">
            {events.map((e, i) => (
              <li key={i} data-type={e.type}>
                <b>{e.reason}</b>
                {e.count > 1 && ` ×${e.count}`} {e.message}
              </li>
            ))}
          </ul>
        </section>
      )}
      {meta.managedFields && meta.managedFields.length > 0 && (
        <section>
          <h4>{t('obj.fields')}</h4>
          {meta.managedFields.map((m, i) => (
            <details key={i} lang="en">
              <summary>
                {m.manager} · {m.operation}
                {m.subresource && ` · ${m.subresource}`}
              </summary>
              <ul class="fields">
                {owned(m.fieldsV1).map((path) => (
                  <li key={path}>
                    <code>{path}</code>
                  </li>
                ))}
              </ul>
            </details>
          ))}
        </section>
      )}
    </>
  );
}
