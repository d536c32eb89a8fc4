import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useFollow } from '../follow';
import { useWords } from '../i18n';
import type { Kind } from '../objects/api';
import { useKinds } from '../objects/Objects';
import type { Store } from '../store';
import { Input } from './Input';
import type { Line, Piece } from './lines';
import { named } from './names';
import { suggestions } from './suggest';

/** The console: a log and a line to type. */
export function ConsoleView({ store }: { store: Store }) {
  const t = useWords();
  const { lines, running } = store.console;
  const log = useRef<HTMLDivElement>(null);
  useFollow(log, lines.at(-1)?.id ?? 0, store.console.version, { insist: true });
  const kinds = useKinds(store, lines.length > 0);
  const walk = useWalk(log, store.console.version, kinds);
  const paused = running && store.frame?.playing === false;
  return (
    <section class="panel console" aria-labelledby="console-title">
      <header>
        <h2 id="console-title">{t('console.title')}</h2>
        <Copy lines={lines} />
        {running && (
          <button type="button" class="stop" onClick={() => store.console.interrupt()}>
            {t('console.stop')}
          </button>
        )}
      </header>
      <div ref={log} class="log" role="log" aria-label={t('console.label')} tabIndex={0} onKeyDown={walk}>
        {lines.length === 0 && <p class="empty">{t('console.empty')}</p>}
        {lines.map((line) => (
          <Block key={line.id} line={line} store={store} kinds={kinds} />
        ))}
        {paused && <p class="note">{t('console.paused')}</p>}
      </div>
      {/* A lesson says itself what to try. */}
      <div class="try" role="group" aria-label={t('console.hint')} hidden={!!store.lessonId}>
        <span aria-hidden="true">{t('console.hint')}</span>
        {suggestions(store.overview).map((command) => (
          <button key={command} type="button" lang="en" onClick={() => store.console.type(command)}>
            {command}
          </button>
        ))}
      </div>
      <Input store={store} />
    </section>
  );
}

/** Copies what the last command has printed. */
function Copy({ lines }: { lines: Line[] }) {
  const t = useWords();
  const text = lines.at(-1)?.output.map((piece) => piece.text).join('');
  return text ? (
    <button type="button" class="copy" title={t('console.copy')} onClick={() => void navigator.clipboard.writeText(text)}>
      {t('share.copy')}
    </button>
  ) : null;
}

/** What a command printed; the objects that it names lead to them. */
function Output({ piece, line, store, kinds }: { piece: Piece; line: Line; store: Store; kinds: Kind[] }) {
  const parts = useMemo(() => named(piece.text, line.text, kinds), [piece.text, kinds]);
  return (
    <pre class={piece.stream} lang="en">
      {parts.map(({ text, of }, i) =>
        of ? (
          <a
            key={i}
            class="name"
            href="#log-panel"
            tabIndex={-1}
            onClick={(e) => {
              e.preventDefault();
              store.open(of);
            }}
          >
            {text}
          </a>
        ) : (
          text
        ),
      )}
    </pre>
  );
}

/** Tab stops at one name, the last at first; the arrows go from name to name. */
function useWalk(log: { current: HTMLElement | null }, ...news: unknown[]) {
  const stop = useRef<HTMLElement | undefined>(undefined);
  const stopAt = (name: HTMLElement | undefined) => {
    if (stop.current) stop.current.tabIndex = -1;
    if (name) name.tabIndex = 0;
    stop.current = name;
  };
  const names = () => [...log.current!.querySelectorAll<HTMLElement>('.name')];
  useEffect(() => {
    if (document.activeElement !== stop.current) stopAt(names().at(-1));
  }, news);
  return (e: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[e.key];
    const all = names();
    const at = all.indexOf(e.target as HTMLElement);
    if (!by || at < 0) return;
    e.preventDefault();
    stopAt(all[at + by] ?? all[at]);
    stop.current!.focus();
  };
}

/** So many lines of what was typed are shown. */
const mostTyped = 12;

function folded(text: string): string {
  const lines = text.split('\n');
  return lines.length > mostTyped ? [...lines.slice(0, 3), '…', lines.at(-1)].join('\n') : text;
}

function Block({ line, store, kinds }: { line: Line; store: Store; kinds: Kind[] }) {
  const t = useWords();
  const ready = store.phase === 'ready';
  return (
    <div class="block" data-line={line.id} data-state={line.state} data-exit={line.state === 'done' ? line.exit : undefined}>
      <pre class="typed" lang="en">
        {folded(line.text)}
      </pre>
      {line.revision !== undefined && <p class="note">{t('past.typed', { n: line.revision })}</p>}
      {line.state === 'queued' && <p class="note">{t(ready ? 'console.queued' : 'console.beforeReady')}</p>}
      {line.cut && <p class="note">{t('console.truncated')}</p>}
      {line.output.map((piece, i) => (
        <Output key={i} piece={piece} line={line} store={store} kinds={kinds} />
      ))}
      {line.changing && (
        <p class="note">
          {t('past.changing')}{' '}
          <button type="button" onClick={() => store.wantFork(line.revision, line.text)}>
            {t('past.forkAndRun')}
          </button>
        </p>
      )}
      {line.lost && <p class="note">{t('console.lost')}</p>}
      {line.state === 'done' && line.exit !== 0 && !line.lost && (
        <p class="note">{line.exit === 130 ? t('console.interrupted') : t('console.exit', { n: line.exit })}</p>
      )}
    </div>
  );
}
