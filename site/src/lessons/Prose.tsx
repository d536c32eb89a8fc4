import type { ComponentChildren } from 'preact';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { lessonAddress } from './address';
import type { Block, Span } from './page';

/** Prose, in the few forms that lessons have. run types a command, or only writes it into the console. */
export function Prose({ blocks, store, onConsole }: { blocks: Block[] | undefined; store: Store; onConsole: () => void }) {
  return <>{blocks?.map((block, i) => <Piece key={i} block={block} store={store} onConsole={onConsole} />)}</>;
}

function Piece({ block, store, onConsole }: { block: Block; store: Store; onConsole: () => void }) {
  switch (block.type) {
    case 'paragraph':
      return (
        <p>
          <Spans spans={block.text} />
        </p>
      );
    case 'list': {
      const items = block.items?.map((item, i) => (
        <li key={i}>
          <Spans spans={item.text} />
          <Prose blocks={item.blocks} store={store} onConsole={onConsole} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'code':
      if (block.lang === 'console') return <Commands code={block.code ?? ''} store={store} onConsole={onConsole} />;
      return (
        <pre tabIndex={0} lang="en">
          {block.code}
        </pre>
      );
    case 'table':
      return <Table rows={block.rows ?? []} />;
    case 'note':
      return (
        <blockquote>
          <Prose blocks={block.blocks} store={store} onConsole={onConsole} />
        </blockquote>
      );
  }
}

function Table({ rows: [head, ...rows] }: { rows: Span[][][] }) {
  return (
    <div class="table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head?.map((cell, i) => (
              <th key={i} scope="col">
                <Spans spans={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j}>
                  <Spans spans={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Spans({ spans }: { spans: Span[] | undefined }) {
  return <>{spans?.map((span, i) => <Run key={i} span={span} />)}</>;
}

function Run({ span: { kind, text, href } }: { span: Span }): ComponentChildren {
  switch (kind) {
    case 'code':
      return <code lang="en">{text}</code>;
    case 'strong':
      return <strong>{text}</strong>;
    case 'em':
      return <em>{text}</em>;
    case 'link': {
      const lesson = href?.startsWith('lesson:');
      return <a href={lesson ? lessonAddress(href!.slice('lesson:'.length)) : href}>{text}</a>;
    }
    default:
      return text;
  }
}

/** Commands to run with one press, or to type oneself. */
function Commands({ code, store, onConsole }: { code: string; store: Store; onConsole: () => void }) {
  const t = useWords();
  const type = (command: string) => {
    store.console.write(command);
    onConsole();
  };
  return (
    <div class="commands">
      {code.split('\n').map((command) => (
        <div key={command} class="command">
          <code lang="en">{command}</code>
          <span class="acts">
            <button type="button" class="write" onClick={() => type(command)}>
              {t('lesson.write')}
              <span class="visually-hidden" lang="en"> {command}</span>
            </button>
            <button type="button" class="primary" onClick={() => store.console.type(command)}>
              <span aria-hidden="true">▷ </span>
              {t('lesson.run')}
              <span class="visually-hidden" lang="en"> {command}</span>
            </button>
          </span>
          <Ran command={command} store={store} />
        </div>
      ))}
    </div>
  );
}

/** What came of a command when it was last run, for those who do not see the console beside it. */
function Ran({ command, store }: { command: string; store: Store }) {
  const t = useWords();
  const line = store.console.lines.findLast((l) => l.text === command);
  if (!line) return null;
  const failed = line.state === 'done' && line.exit !== 0;
  return (
    <small class="ran" data-failed={failed}>
      {failed ? t('console.exit', { n: line.exit }) : t(line.state === 'done' ? 'lesson.ran' : 'lesson.running')}
    </small>
  );
}
