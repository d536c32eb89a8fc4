import { useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { History } from './history';

const tallest = 8; // rows

/** The line being typed. Enter runs it, Shift-Enter begins another line; the arrows walk the history. */
export function Input({ store }: { store: Store }) {
  const t = useWords();
  const [text, setText] = useState('');
  const [rest, setRest] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const history = useRef<History | undefined>(undefined);
  history.current ??= new History();
  useCompletion(store, text, field, setRest);

  const run = () => {
    if (!text.trim()) return;
    history.current!.add(text);
    store.console.type(text);
    setText('');
  };
  const recall = (line: string | undefined) => {
    if (line !== undefined) setText(line);
  };
  const keys = (e: KeyboardEvent) => {
    // While an input method composes, the keys are its own.
    if (e.isComposing) return;
    const el = field.current!;
    if (e.key === 'Enter' && !e.shiftKey) run();
    else if (e.key === 'ArrowUp' && onFirstRow(el)) recall(history.current!.back(text));
    else if (e.key === 'ArrowDown' && onLastRow(el)) recall(history.current!.forth());
    else if (e.key === 'ArrowRight' && rest && el.selectionStart === text.length) setText(text + rest);
    else if (e.key === 'c' && e.ctrlKey && el.selectionStart === el.selectionEnd) stop();
    else return;
    e.preventDefault();
  };
  const stop = () => {
    if (store.console.running) store.console.interrupt();
    else setText('');
  };
  return (
    <form
      class="prompt"
      onSubmit={(e) => {
        e.preventDefault();
        run();
      }}
    >
      <label for="command" aria-hidden="true">
        $
      </label>
      <div class="field">
        <textarea
          id="command"
          ref={field}
          lang="en"
          aria-label={t('console.input')}
          rows={Math.min(text.split('\n').length, tallest)}
          placeholder={t('console.placeholder')}
          value={text}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          autocorrect="off"
          onInput={(e) => setText(e.currentTarget.value)}
          onKeyDown={keys}
        />
        {rest && (
          <span class="ghost" aria-hidden="true">
            <i>{text}</i>
            {rest}
            <kbd>→</kbd>
          </span>
        )}
      </div>
      <button type="submit">{t('console.run')}</button>
    </form>
  );
}

function onFirstRow(el: HTMLTextAreaElement): boolean {
  return !el.value.slice(0, el.selectionStart).includes('\n');
}

function onLastRow(el: HTMLTextAreaElement): boolean {
  return !el.value.slice(el.selectionEnd).includes('\n');
}

/** Asks how the line could go on, and offers the first way in grey. */
function useCompletion(
  store: Store,
  text: string,
  field: { current: HTMLTextAreaElement | null },
  offer: (rest: string) => void,
) {
  useEffect(() => {
    offer('');
    if (!text.trim() || text.includes('\n') || field.current?.selectionStart !== text.length) return;
    let outdated = false;
    void store.complete(text, text.length).then((words) => {
      const word = /\S*$/.exec(text)![0];
      const found = words.find((w) => w.startsWith(word) && w.length > word.length);
      if (!outdated && found) offer(found.slice(word.length));
    });
    return () => {
      outdated = true;
    };
  }, [text]);
}
