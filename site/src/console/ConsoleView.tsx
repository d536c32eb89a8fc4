import { useRef } from 'preact/hooks';
import { useFollow } from '../follow';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { Input } from './Input';
import type { Line } from './lines';
import { suggestions } from './suggest';

/** The console: a log and a line to type. */
export function ConsoleView({ store }: { store: Store }) {
  const t = useWords();
  const { lines, running } = store.console;
  const log = useRef<HTMLDivElement>(null);
  useFollow(log, lines.at(-1)?.id ?? 0, store.console.version, { insist: true });
  const paused = running && store.frame?.playing === false;
  return (
    <section class="panel console" aria-labelledby="console-title">
      <header>
        <h2 id="console-title">{t('console.title')}</h2>
        {running && (
          <button type="button" class="stop" onClick={() => store.console.interrupt()}>
            {t('console.stop')}
          </button>
        )}
      </header>
      <div ref={log} class="log" role="log" aria-label={t('console.label')} tabIndex={0}>
        {lines.length === 0 && <p class="empty">{t('console.empty')}</p>}
        {lines.map((line) => (
          <Block key={line.id} line={line} store={store} />
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

/** So many lines of what was typed are shown. */
const mostTyped = 12;

function folded(text: string): string {
  const lines = text.split('\n');
  return lines.length > mostTyped ? [...lines.slice(0, 3), '…', lines.at(-1)].join('\n') : text;
}

function Block({ line, store }: { line: Line; store: Store }) {
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
        <pre key={i} class={piece.stream} lang="en">
          {piece.text}
        </pre>
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
