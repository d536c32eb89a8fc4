import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useWords } from '../i18n';

interface Props {
  class: string;
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog with its title and a way out; the focus goes back to where it came from. */
export function Dialog({ class: name, title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class={name} aria-labelledby="dialog-title" onClose={onClose}>
      <div class="titled">
        <h2 id="dialog-title">{title}</h2>
        <Close onClose={() => dialog.current?.close()} />
      </div>
      {children}
    </dialog>
  );
}

export function Close({ onClose }: Pick<Props, 'onClose'>) {
  const t = useWords();
  return (
    <button type="button" class="close" onClick={onClose} aria-label={t('map.close')}>
      ×
    </button>
  );
}
