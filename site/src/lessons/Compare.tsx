import { useWords } from '../i18n';
import type { Store } from '../store';
import type { Lesson } from './lesson';
import type { PageCheck } from './page';
import { Actor, eventName, Parts } from './Predict';
import { overlay, type Row } from './prediction';

/** A prediction laid over what happened. */
export function Compare({ lesson, check, store }: { lesson: Lesson; check: PageCheck; store: Store }) {
  const t = useWords();
  const happened = lesson.checks?.observed[check.id] ?? [];
  const order = lesson.checks?.answers[check.id]?.order ?? [];
  if (happened.length === 0 || order.length === 0) return null;
  const rows = overlay(order, happened, lesson.state(check.id), lesson.language);
  return (
    <section class="compare" aria-labelledby={`compare-${check.id}`}>
      <h3 id={`compare-${check.id}`}>{t('compare.title')}</h3>
      <Parts lesson={lesson} check={check} />
      <table>
        <thead>
          <tr>
            <th scope="col">{t('compare.happened')}</th>
            <th scope="col">{t('compare.predicted')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={row.event} data-verdict={row.verdict}>
              <Happened row={row} n={i + 1} check={check} store={store} />
              <Predicted row={row} check={check} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Happened({ row, n, check, store }: { row: Row; n: number; check: PageCheck; store: Store }) {
  const t = useWords();
  const seen = row.happened;
  if (!seen) return <td class="nothing">{t(`verdict.${row.verdict}`)}</td>;
  return (
    <td>
      <b class="place">{n}</b>
      <div>
        {eventName(check, row.event)}
        <small>
          <Actor actor={seen.actor} />
          {!!seen.revision && (
            <button type="button" class="link" onClick={() => store.select(seen.revision)}>
              {t('writes.revision', { n: seen.revision })}
            </button>
          )}
        </small>
      </div>
    </td>
  );
}

function Predicted({ row, check }: { row: Row; check: PageCheck }) {
  const t = useWords();
  return (
    <td>
      {row.place > 0 && <b class="place">{row.place}</b>}
      <div>
        <strong class="verdict">{t(`verdict.${row.verdict}`)}</strong>
        {!row.happened && <span> {eventName(check, row.event)}</span>}
        {row.said.map((words) => (
          <p key={words}>{words}</p>
        ))}
      </div>
    </td>
  );
}
