import { useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { History } from './history';

const tallest = 8; // rows

/** The line being typed. Enter runs it, Shift-Enter begins another line; the arrows walk the history. */
export function Input({ store }: { store: Store }) {
  const t = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState('');
  const rest = useCompletion(store, text, field);
  const { written } = store.console;
  useEffect(() => {
    if (written.n > 0) setText(written.text);
  }, [written.n]);
  const { run, keys } = useTyping(store, text, setText, rest);
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
        {rest && <Ghost text={text} rest={rest} />}
      </div>
      <button type="submit">{t('console.run')}</button>
    </form>
  );
}

/** How the line could go on, in grey behind what is typed. */
function Ghost({ text, rest }: { text: string; rest: string }) {
  return (
    <span class="ghost" aria-hidden="true">
      <i>{text}</i>
      {rest}
      <kbd>→</kbd>
    </span>
  );
}

/** What the keys do. */
function useTyping(store: Store, text: string, setText: (text: string) => void, rest: string) {
  const kept = useRef<History | undefined>(undefined);
  const history = (kept.current ??= new History());
  const run = () => {
    if (!text.trim()) return;
    history.add(text);
    store.console.type(text);
    setText('');
  };
  const recall = (line: string | undefined) => {
    if (line !== undefined) setText(line);
  };
  const stop = () => {
    if (store.console.running) store.console.interrupt();
    else setText('');
  };
  const keys = (e: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    // While an input method composes, the keys are its own.
    if (e.isComposing) return;
    const el = e.currentTarget;
    const nothingMarked = el.selectionStart === el.selectionEnd;
    if (e.key === 'Enter' && !e.shiftKey) run();
    else if (e.key === 'ArrowUp' && onFirstRow(el)) recall(history.back(text));
    else if (e.key === 'ArrowDown' && onLastRow(el)) recall(history.forth());
    else if (e.key === 'ArrowRight' && rest && el.selectionStart === text.length) setText(text + rest);
    else if (e.key === 'c' && e.ctrlKey && nothingMarked) stop();
    else return;
    e.preventDefault();
  };
  return { run, keys };
}

function onFirstRow(el: HTMLTextAreaElement): boolean {
  return !el.value.slice(0, el.selectionStart).includes('\n');
}

function onLastRow(el: HTMLTextAreaElement): boolean {
  return !el.value.slice(el.selectionEnd).includes('\n');
}

/** The rest of the first word that the engine proposes for the end of the line. */
function useCompletion(store: Store, text: string, field: { current: HTMLTextAreaElement | null }): string {
  const [rest, setRest] = useState('');
  useEffect(() => {
    setRest('');
    if (!text.trim() || text.includes('\n') || field.current?.selectionStart !== text.length) return;
    let outdated = false;
    void store.complete(text).then((words) => {
      const word = /\S*$/.exec(text)![0];
      const found = words.find((w) => w.startsWith(word) && w.length > word.length);
      if (!outdated && found) setRest(found.slice(word.length));
    });
    return () => {
      outdated = true;
    };
  }, [text]);
  return rest;
}
