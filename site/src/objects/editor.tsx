// The editor, a chunk of its own that is fetched when an object is edited.
import { useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';
import type { Ref } from './api';
import { openEditor, type Editor } from './codemirror';
import { schemaOf } from './schema';

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
  useEffect(() => {
    editor.current = openEditor(place.current!, yaml, t('obj.yaml'), () => schemaOf(store, subject.kind));
    return () => editor.current?.close();
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
      <div ref={place} class="edit-place" />
      <p class="why" role="alert" lang="en">
        {failed}
      </p>
      <p class="acts">
        <button type="button" onClick={onClose}>
          {t('editor.cancel')}
        </button>
        <button type="button" class="primary" disabled={busy} onClick={() => void save()}>
          {t('obj.apply')}
        </button>
      </p>
    </div>
  );
}
