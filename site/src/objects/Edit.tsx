import { useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { schemaOf, type Ref } from './api';
import type { Editor } from './editor';

interface Props {
  store: Store;
  subject: Ref;
  yaml: string;
  onClose: () => void;
}

/** An object's YAML in an editor that knows its schema. What is saved goes through kubectl and the API server, which may refuse it. */
export function Edit({ store, subject, yaml, onClose }: Props) {
  const t = useWords();
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor>(undefined);
  const [failed, setFailed] = useState('');
  const [busy, setBusy] = useState(false);
  const [there, setThere] = useState(false);
  useEffect(() => {
    let closed = false;
    // The editor is fetched when the first object is edited.
    import('./editor').then(
      ({ openEditor }) => {
        if (closed) return;
        editor.current = openEditor(place.current!, yaml, t('obj.yaml'), () => schemaOf(store, subject.kind));
        setThere(true);
      },
      (err) => setFailed(String(err)),
    );
    return () => {
      closed = true;
      editor.current?.close();
    };
  }, []);
  const save = async () => {
    setBusy(true);
    setFailed('');
    const said = await store.console.replace(editor.current!.text());
    setBusy(false);
    if (said) setFailed(said);
    else onClose();
  };
  return (
    <div class="edit">
      <div ref={place} class="edit-place">
        {!there && !failed && <p class="empty">{t('obj.loading')}</p>}
      </div>
      <p class="why" role="alert" lang="en">
        {failed}
      </p>
      <p class="acts">
        <button type="button" onClick={onClose}>
          {t('editor.cancel')}
        </button>
        <button type="button" class="primary" disabled={busy || !there} onClick={() => void save()}>
          {t('obj.apply')}
        </button>
      </p>
    </div>
  );
}
