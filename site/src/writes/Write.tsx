import { Component } from 'preact';
import { kindOf } from '../engine/actors';
import type { Change, Entry } from '../engine/protocol';
import { useWords, type Translate } from '../i18n';
import { Glyph } from '../map/glyphs';
import type { Store } from '../store';
import { actorName, sentence } from '../words';

interface Props {
  entry: Entry;
  changes: Change[] | undefined;
  /** How many writes it led to. */
  led: number;
  lit: 'selected' | 'related' | 'now' | '';
  store: Store;
}

/** One write. It is drawn anew only when something about it has changed, for there are thousands. */
export class Write extends Component<Props> {
  override shouldComponentUpdate(next: Props) {
    const { changes, led, lit } = this.props;
    return changes !== next.changes || led !== next.led || lit !== next.lit;
  }

  render() {
    return <Row {...this.props} />;
  }
}

function Row({ entry, changes, lit, store }: Props) {
  const t = useWords();
  const refused = entry.type === 'refused';
  return (
    <li
      class="entry"
      data-actor={kindOf(entry.actor)}
      data-revision={entry.revision}
      data-lit={lit || undefined}
      data-refused={refused || undefined}
      tabIndex={-1}
    >
      <div class="place">
        <button
          type="button"
          class="revision"
          title={refused ? undefined : t('writes.revision', { n: entry.revision ?? 0 })}
          disabled={refused}
          onClick={() => store.select(entry.revision === store.selected ? undefined : entry.revision)}
        >
          {entry.revision ?? '✕'}
        </button>
        {entry.step ? (
          <b class="badge" title={t('writes.step', { n: entry.step })}>
            {entry.step}
          </b>
        ) : null}
      </div>
      <div class="what">
        <p>
          <Glyph kind={kindOf(entry.actor)} />
          <span class="visually-hidden">{actorName(entry.actor, t)}: </span>
          {sentence(entry, t, store.chosen.get(`${entry.namespace}/${entry.name}`))}
        </p>
        {refused ? <p class="why" lang="en">{entry.message}</p> : entry.verb !== 'create' && <Fields changes={changes} few={few} t={t} />}
        <Links entry={entry} store={store} t={t} />
      </div>
    </li>
  );
}

/** How many fields are shown before the rest is folded. */
const few = 3;

/** What a write changed, field by field. */
export function Fields({ changes, few, t }: { changes: Change[] | undefined; few: number; t: Translate }) {
  if (!changes || changes.length === 0) return null;
  const first = [...changes].sort((a, b) => weight(a) - weight(b));
  return (
    <ul class="fields" lang="en">
      {first.slice(0, few).map((c) => (
        <Field key={c.path} change={c} />
      ))}
      {first.length > few && (
        <li>
          <details>
            <summary lang={undefined}>{t('writes.more', { n: first.length - few })}</summary>
            <ul class="fields">
              {first.slice(few).map((c) => (
                <Field key={c.path} change={c} />
              ))}
            </ul>
          </details>
        </li>
      )}
    </ul>
  );
}

/** What a learner looks for first: what is wanted, then what is, then the bookkeeping. */
function weight({ path }: Change): number {
  if (path.startsWith('spec')) return 0;
  if (path === 'status.phase' || path === 'status.replicas') return 1;
  if (path.startsWith('status') && !path.includes('ime')) return 2;
  return 3;
}

const longest = 48;

/** Whether a value can be read at a glance. */
function brief(json: string | undefined): boolean {
  return !json || (json.length <= longest && !/^[[{]/.test(json));
}

/** A string without its quotes. */
function plain(json: string): string {
  return /^"[^"\\]+"$/.test(json) ? json.slice(1, -1) : json;
}

function Field({ change }: { change: Change }) {
  const short = brief(change.old) && brief(change.new);
  return (
    <li title={short ? undefined : [change.old, change.new].filter(Boolean).join(' → ')}>
      <code>{change.path}</code>{' '}
      {short && (
        <span class="values">
          {change.old && <del>{plain(change.old)}</del>}
          {change.old && change.new && ' → '}
          {change.new && <ins>{plain(change.new)}</ins>}
        </span>
      )}
    </li>
  );
}

/** Why, and what then: the links that walk the chain. */
function Links({ entry, store, t }: { entry: Entry; store: Store; t: Translate }) {
  const causes = (entry.causes ?? []).filter((r) => store.byRevision.has(r));
  const led = entry.revision ? (store.ledTo.get(entry.revision) ?? []) : [];
  if (entry.actor === 'kubectl' && led.length === 0) return <p class="links">{t('writes.yours')}</p>;
  if (causes.length === 0 && led.length === 0) return null;
  return (
    <p class="links">
      {entry.actor === 'kubectl' && <span>{t('writes.yours')}</span>}
      {causes.length > 0 && (
        <span>
          {t('writes.because')}{' '}
          {causes.slice(-3).map((r) => (
            <Jump key={r} revision={r} store={store} title={t('writes.becauseTitle', { n: r })} />
          ))}
        </span>
      )}
      {led.length > 0 && (
        <span>
          {t('writes.ledTo')}{' '}
          {led.slice(0, 4).map((r) => (
            <Jump key={r} revision={r} store={store} title={t('writes.ledToTitle', { n: r })} />
          ))}
          {led.length > 4 && '…'}
        </span>
      )}
    </p>
  );
}

function Jump({ revision, store, title }: { revision: number; store: Store; title: string }) {
  const actor = store.byRevision.get(revision)?.actor ?? '';
  return (
    <button type="button" class="jump" data-actor={kindOf(actor)} title={title} onClick={() => store.select(revision)}>
      {revision}
    </button>
  );
}
