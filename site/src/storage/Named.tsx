import { useState } from 'preact/hooks';
import { useWords } from '../i18n';
import { allowed, longest } from './clusters';

interface NamedProps {
  id: string;
  label: string;
  act: string;
  busy?: boolean;
  /** What is proposed. */
  first?: string;
  taken: string[];
  onName: (name: string) => void;
}

/** Asks for a new cluster's name. */
export function Named({ id, label, act, busy, first, taken, onName }: NamedProps) {
  const t = useWords();
  const [typed, setName] = useState<string>();
  const name = typed ?? first ?? '';
  const wrong = name !== '' && (!allowed(name) ? t('storage.name.rule') : taken.includes(name) ? t('storage.name.taken') : '');
  return (
    <form
      class="named"
      onSubmit={(e) => {
        e.preventDefault();
        if (name && !wrong) onName(name);
      }}
    >
      <label for={id}>{label}</label>
      <input
        id={id}
        value={name}
        maxLength={longest}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={!!wrong}
        aria-describedby={`${id}-wrong`}
        onInput={(e) => setName(e.currentTarget.value.trim())}
      />
      <button type="submit" disabled={busy || !name || !!wrong}>
        {act}
      </button>
      <span id={`${id}-wrong`} class="wrong" role="status">
        {wrong}
      </span>
    </form>
  );
}
