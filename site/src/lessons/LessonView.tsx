import { useEffect, useRef } from 'preact/hooks';
import { useWords, type Language } from '../i18n';
import type { Store } from '../store';
import { Check, Hints, round } from './Check';
import { Compare } from './Compare';
import { End } from './End';
import type { Lesson } from './lesson';
import type { PageStep } from './page';
import { Prose } from './Prose';
import { Student } from './Student';

interface Props {
  lesson: Lesson;
  store: Store;
  language: Language;
  onConsole: () => void;
}

/** The lesson's column: its text step by step, with what is to be reached and answered. */
export function LessonView({ lesson, store, language, onConsole }: Props) {
  const t = useWords();
  useEffect(() => void lesson.show(language), [language]);
  const { page, step } = lesson;
  const predict = page?.steps.findIndex((s) => s.checks?.some((c) => c.kind === 'predict')) ?? -1;
  const wide = predict === lesson.work.step ? 'predict' : predict >= 0 && predict < lesson.work.step ? 'compare' : undefined;
  return (
    <section class="panel lesson" aria-labelledby="lesson-title" data-wide={wide}>
      <header>
        <div>
          <h2 id="lesson-title">{page?.title ?? t('tabs.lesson')}</h2>
        </div>
        {page && <Nav lesson={lesson} />}
      </header>
      <div class="lesson-body">
        {lesson.missing && (
          <p class="said" role="alert">
            {t('lesson.missing')} <code lang="en">{lesson.missing}</code>
          </p>
        )}
        <Before lesson={lesson} />
        {page && step && <Body lesson={lesson} step={step} store={store} onConsole={onConsole} />}
      </div>
      <p class="visually-hidden" role="status">
        <span key={lesson.said.n}>{lesson.said.words}</span>
      </p>
    </section>
  );
}

/** The steps, and how far each is. */
function Nav({ lesson }: { lesson: Lesson }) {
  const t = useWords();
  return (
    <nav aria-label={t('lesson.steps')}>
      <ol>
        {lesson.page?.steps.map((step, i) => (
          <li key={step.id}>
            <button
              type="button"
              disabled={lesson.nameless && i > 0}
              aria-current={i === lesson.work.step ? 'step' : undefined}
              data-done={lesson.passed(step)}
              title={step.title}
              aria-label={`${i + 1}. ${step.title}${lesson.passed(step) ? ` (${t('status.passed')})` : ''}`}
              onClick={() => lesson.goTo(i)}
            >
              {lesson.passed(step) ? '✓' : i + 1}
            </button>
          </li>
        ))}
      </ol>
      {lesson.checks && <span class="score">{t('lesson.points', { n: round(lesson.checks.points), of: lesson.checks.of })}</span>}
    </nav>
  );
}

/** What was done of this lesson before it changed, or cannot be gone on with. */
function Before({ lesson }: { lesson: Lesson }) {
  const t = useWords();
  const { before, opened } = lesson;
  if (before) return <p class="told">{t('lesson.changed', { n: round(before.points), of: before.of })}</p>;
  if (!opened?.error) return null;
  return (
    <div class="told">
      <p>{t('lesson.notResumed')}</p>
      <details>
        <summary>{t('lesson.details')}</summary>
        <p lang="en">{opened.error}</p>
      </details>
    </div>
  );
}

interface BodyProps extends Omit<Props, 'language'> {
  step: PageStep;
}

function Body({ lesson, step, store, onConsole }: BodyProps) {
  const t = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(step.id);
  useEffect(() => {
    if (shown.current === step.id) return;
    shown.current = step.id;
    // One of the two scrolls, as the screen is wide or narrow.
    heading.current?.closest('.lesson-body')?.scrollTo(0, 0);
    heading.current?.closest('.views')?.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, [step.id]);
  const at = lesson.work.step;
  const steps = lesson.page!.steps;
  const prose = { store, onConsole };
  const predicted = steps.slice(0, at).flatMap((s) => s.checks ?? []).filter((c) => c.kind === 'predict');
  return (
    <>
      {at === 0 && <Prose blocks={lesson.page!.intro} {...prose} />}
      {lesson.nameless ? (
        <Student lesson={lesson} />
      ) : (
        <>
          <h3 class="step-title" ref={heading} tabIndex={-1}>
            <small>{t('lesson.step', { n: at + 1, of: steps.length })}</small>
            {step.title}
          </h3>
          <Prose blocks={step.text} {...prose} />
          <Hints lesson={lesson} of={step.id} hints={step.hints} {...prose} />
          {predicted.map((check) => (
            <Compare key={check.id} lesson={lesson} check={check} store={store} />
          ))}
          {!!step.checks?.length && (
            <ul class="checks" aria-label={t('lesson.checks')}>
              {step.checks.map((check) => (
                <Check key={check.id} lesson={lesson} check={check} {...prose} />
              ))}
            </ul>
          )}
          {at === steps.length - 1 && <End lesson={lesson} />}
          <Turn lesson={lesson} />
        </>
      )}
    </>
  );
}

/** Back and forth. Nothing turns by itself. */
function Turn({ lesson }: { lesson: Lesson }) {
  const t = useWords();
  const { step, work, page } = lesson;
  const last = work.step === page!.steps.length - 1;
  const done = !!step && lesson.passed(step);
  return (
    <p class="turn">
      {work.step > 0 && (
        <button type="button" onClick={() => lesson.goTo(work.step - 1)}>
          {t('lesson.back')}
        </button>
      )}
      {!last && (
        <button type="button" class={done ? 'primary next' : 'next'} onClick={() => lesson.goTo(work.step + 1)}>
          {t('lesson.next')}
        </button>
      )}
    </p>
  );
}
