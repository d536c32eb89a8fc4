import { useEffect, useRef } from 'preact/hooks';
import type { EditEvent } from '../engine/protocol';
import { useWords } from '../i18n';

interface Props {
  edit: EditEvent;
  onClose: (content: string, saved: boolean) => void;
}

/** The editor that kubectl edit opens. */
export function Editor({ edit, onClose }: Props) {
  const t = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useRef<HTMLTextAreaElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (saved: boolean) => onClose(text.current!.value, saved);
  return (
    <dialog
      ref={dialog}
      class="editor"
      aria-labelledby="editor-title"
      onCancel={(e) => {
        e.preventDefault();
        close(false);
      }}
    >
      <h2 id="editor-title">{t('editor.title', { name: edit.name })}</h2>
      <textarea ref={text} lang="en" aria-labelledby="editor-title" defaultValue={edit.content} spellcheck={false} />
      <p class="acts">
        <button type="button" onClick={() => close(false)}>
          {t('editor.cancel')}
        </button>
        <button type="button" class="primary" onClick={() => close(true)}>
          {t('editor.save')}
        </button>
      </p>
    </dialog>
  );
}
