import { kindOf } from '../engine/actors';
import type { Entry, Why as Reasons } from '../engine/protocol';
import { useWords, type Translate } from '../i18n';
import { Glyph } from '../map/glyphs';
import type { Store } from '../store';
import { boundTo } from '../time/Controls';
import { actorName, sentence } from '../words';
import { Fields } from '../writes/Write';
import { Table } from './Table';

/** How many effects are named. */
const most = 12;

/** One entry with its reasons: who, what, because of what, and what came of it. */
export function Why({ store }: { store: Store }) {
  const t = useWords();
  const { why } = store;
  if (!why) return <p class="empty">{t('why.empty')}</p>;
  const { entry } = why;
  return (
    <div class="why-body" tabIndex={0} role="region" aria-label={t('why.label')} data-actor={kindOf(entry.actor)}>
      <h3 class="why-title">
        <Glyph kind={kindOf(entry.actor)} />
        {sentence(entry, t, boundTo(store, entry))}
      </h3>
      <Facts entry={entry} t={t} />
      <Back store={store} why={why} t={t} />
      <On store={store} why={why} t={t} />
      {why.decision?.verdict && <Table decision={why.decision} />}
      {entry.type === 'write' && <Changed store={store} entry={entry} t={t} />}
    </div>
  );
}

function Facts({ entry, t }: { entry: Entry; t: Translate }) {
  const time = entry.time.replace(/^.*T(.*)Z$/, '$1');
  return (
    <dl class="facts">
      <dt>{t('why.who')}</dt>
      <dd>{actorName(entry.actor, t)}</dd>
      {entry.method && (
        <>
          <dt>{t('why.request')}</dt>
          <dd lang="en">
            <code>
              {entry.method} {entry.path} → {entry.code}
            </code>
          </dd>
        </>
      )}
      {entry.revision ? (
        <>
          <dt>{t(entry.type === 'write' ? 'why.wrote' : 'why.told')}</dt>
          <dd>{t('writes.revision', { n: entry.revision })}</dd>
        </>
      ) : null}
      {entry.message && (
        <>
          <dt>{t('why.result')}</dt>
          <dd lang="en">{entry.message}</dd>
        </>
      )}
      <dt>{t('why.when')}</dt>
      <dd>{time}</dd>
    </dl>
  );
}

/** The way back to the learner's own deed. */
function Back({ store, why, t }: { store: Store; why: Reasons; t: Translate }) {
  const back = why.path.slice(1);
  if (back.length === 0) return <p class="links">{t(why.entry.actor === 'kubectl' ? 'writes.yours' : 'why.itself')}</p>;
  const yours = back.at(-1)!.actor === 'kubectl';
  return (
    <section>
      <h4>{t('writes.because')}</h4>
      <ol class="reasons">
        {back.map((entry) => (
          <Reason key={entry.seq} entry={entry} store={store} t={t} />
        ))}
      </ol>
      {yours && <p class="note">{t('why.yours')}</p>}
    </section>
  );
}

function Reason({ entry, store, t }: { entry: Entry; store: Store; t: Translate }) {
  return (
    <li data-actor={kindOf(entry.actor)}>
      <button type="button" class="jump" onClick={() => store.inspect(entry)}>
        {entry.revision}
      </button>
      {entry.step ? <b class="badge">{entry.step}</b> : null}
      <span>{sentence(entry, t, boundTo(store, entry))}</span>
    </li>
  );
}

/** What came of it, and who was told. */
function On({ store, why, t }: { store: Store; why: Reasons; t: Translate }) {
  const { led, told } = why;
  if (led.length === 0 && told.length === 0) return null;
  return (
    <section>
      <h4>{t('writes.ledTo')}</h4>
      {told.length > 0 && (
        <p class="links">
          {t('why.toldOf', { who: [...new Set(told.map((e) => actorName(e.actor, t)))].join(', ') })}
        </p>
      )}
      {led.length > 0 && (
        <ol class="reasons">
          {led.slice(0, most).flatMap((revision) => {
            const entry = store.byRevision.get(revision);
            return entry ? [<Reason key={revision} entry={entry} store={store} t={t} />] : [];
          })}
        </ol>
      )}
      {led.length > most && <p class="note">{t('why.more', { n: led.length - most })}</p>}
    </section>
  );
}

function Changed({ store, entry, t }: { store: Store; entry: Entry; t: Translate }) {
  const changes = store.changes.get(entry.revision!);
  if (!changes) {
    store.wantChanges([entry.revision!]);
    return null;
  }
  if (changes.length === 0) return null;
  return (
    <section>
      <h4>{t('why.fields')}</h4>
      <Fields changes={changes} few={40} t={t} />
    </section>
  );
}
