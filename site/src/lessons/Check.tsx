import { useWords } from '../i18n';
import type { Store } from '../store';
import type { Lesson } from './lesson';
import { isQuestion, type PageCheck } from './page';
import { Missing, Parts } from './Predict';
import { Prose } from './Prose';
import { QuestionForm } from './Questions';

interface Props {
  lesson: Lesson;
  check: PageCheck;
  store: Store;
  onConsole: () => void;
}

const marks = { passed: '✓', failed: '✗', skipped: '·', open: '?', unavailable: '–' };

/** Something to reach or to answer: how it stands, and what is missing. */
export function Check({ lesson, check, store, onConsole }: Props) {
  const t = useWords();
  const state = lesson.state(check.id);
  const status = state?.status ?? 'open';
  const question = isQuestion(check);
  // What is asked of the cluster has not failed before it is reached: it is still to do.
  const shown = status === 'failed' && !question ? 'todo' : status;
  return (
    <li class="check" data-check={check.id} data-status={shown}>
      <h3>
        <b class="mark-of" aria-hidden="true">
          {shown === 'todo' ? '' : marks[status]}
        </b>
        <span class="visually-hidden">{t(`status.${shown}`)}: </span>
        {check.title}
        {check.points > 1 && <small>{t('lesson.points', { n: round((state?.score ?? 0) * check.points), of: check.points })}</small>}
      </h3>
      <Prose blocks={check.text} store={store} onConsole={onConsole} />
      {question && <QuestionForm lesson={lesson} check={check} />}
      <div class="outcome" data-stale={!!lesson.work.drafts[check.id]}>
        {status === 'skipped' && <p class="note">{t('check.waits')}</p>}
        {check.kind === 'predict' && <Parts lesson={lesson} check={check} />}
        <Outcome lesson={lesson} check={check} />
        {check.kind === 'predict' && <Missing lesson={lesson} check={check} />}
      </div>
      {status === 'passed' && check.then && (
        <div class="hint" role="note">
          <Prose blocks={check.then} store={store} onConsole={onConsole} />
        </div>
      )}
      {status !== 'passed' && <Hints lesson={lesson} of={check.id} hints={check.hints} store={store} onConsole={onConsole} />}
    </li>
  );
}

/** What is said about a check that has not passed. */
function Outcome({ lesson, check }: { lesson: Lesson; check: PageCheck }) {
  const t = useWords();
  const said = lesson.state(check.id)?.said[lesson.language];
  // What is said of a prediction's events is said where they stand.
  const say = check.kind === 'predict' ? said?.say?.slice(-1) : said?.say;
  return (
    <>
      {say?.map((words) => (
        <p key={words} class="said">
          {words}
        </p>
      ))}
      {said?.details && (
        <details>
          <summary>{t('lesson.details')}</summary>
          <ul lang="en">
            {said.details.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

type HintsProps = Omit<Props, 'check'> & { of: string; hints: PageCheck['hints'] };

/** Hints, one after the other, each on asking. */
export function Hints({ lesson, of, hints = [], store, onConsole }: HintsProps) {
  const t = useWords();
  const given = lesson.work.hints[of] ?? 0;
  return (
    <>
      {hints.slice(0, given).map((blocks, i) => (
        <div key={i} class="hint" role="note">
          <Prose blocks={blocks} store={store} onConsole={onConsole} />
        </div>
      ))}
      {given < hints.length && (
        <button type="button" class="link" onClick={() => lesson.hint(of)}>
          {t('lesson.hint', { n: given + 1, of: hints.length })}
        </button>
      )}
    </>
  );
}

/** A number of points as people read it. */
export const round = (n: number): number => Math.round(n * 100) / 100;
