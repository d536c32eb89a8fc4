import type { ComponentChildren } from 'preact';
import type { Answer } from '../engine/protocol';
import { useWords } from '../i18n';
import type { Lesson } from './lesson';
import { plain, type PageCheck } from './page';
import { Predict } from './Predict';
import { Spans } from './Prose';
import { Sortable } from './Sortable';

interface Props {
  lesson: Lesson;
  check: PageCheck;
}

/** A question of any kind: what is said is a draft until the learner has it checked. */
export function QuestionForm({ lesson, check }: Props) {
  const t = useWords();
  const full = complete(check, lesson.draft(check.id));
  return (
    <form
      class="question"
      onSubmit={(e) => {
        e.preventDefault();
        // What is drawn may be older than what was chosen last.
        const now = lesson.draft(check.id);
        if (complete(check, now)) lesson.answer(check.id, given(check, now));
      }}
    >
      <Fields lesson={lesson} check={check} />
      <button type="submit" class="primary" aria-disabled={!full}>
        {t(check.kind === 'predict' ? 'lesson.checkPrediction' : 'lesson.check')}
      </button>
      {!full && <small class="note">{t('lesson.incomplete')}</small>}
    </form>
  );
}

function Fields({ lesson, check }: Props) {
  switch (check.kind) {
    case 'choice':
      return <Choice lesson={lesson} check={check} />;
    case 'match':
      return <Match lesson={lesson} check={check} />;
    case 'order':
      return <Order lesson={lesson} check={check} />;
    case 'predict':
      return <Predict lesson={lesson} check={check} />;
    default:
      return <Short lesson={lesson} check={check} />;
  }
}

/** Whether there is enough of an answer to check. */
function complete(check: PageCheck, draft: Answer): boolean {
  switch (check.kind) {
    case 'choice':
      return !!check.multiple || !!draft.choose?.length;
    case 'match':
      return Object.values(draft.pairs ?? {}).filter(Boolean).length === check.left;
    case 'order':
      return true;
    case 'predict':
      return !!draft.order?.length;
    default:
      return !!draft.text?.trim();
  }
}

/** The answer that a draft stands for: an order that nobody has touched is one too. */
function given(check: PageCheck, draft: Answer): Answer {
  return check.kind === 'order' && !draft.order ? { order: ids(check) } : draft;
}

const ids = (check: PageCheck) => check.parts?.map((part) => part.id) ?? [];

/** The fields of one question, with its title for who comes to them by keyboard. */
function Group({ check, children }: { check: PageCheck; children: ComponentChildren }) {
  return (
    <fieldset>
      <legend class="visually-hidden">{check.title}</legend>
      {children}
    </fieldset>
  );
}

function Choice({ lesson, check }: Props) {
  const chosen = lesson.draft(check.id).choose ?? [];
  const choose = (id: string, on: boolean) => {
    const others = check.multiple ? (lesson.draft(check.id).choose ?? []).filter((c) => c !== id) : [];
    lesson.setDraft(check.id, { choose: on ? [...others, id] : others });
  };
  return (
    <Group check={check}>
      {check.parts?.map((part) => (
        <label key={part.id} class="option">
          <input
            type={check.multiple ? 'checkbox' : 'radio'}
            name={check.id}
            value={part.id}
            checked={chosen.includes(part.id)}
            onChange={(e) => choose(part.id, e.currentTarget.checked)}
          />
          <span>
            <Spans spans={part.text} />
          </span>
        </label>
      ))}
    </Group>
  );
}

function Short({ lesson, check }: Props) {
  const t = useWords();
  return (
    <input
      class="short"
      aria-label={`${t('lesson.answer')}: ${check.title}`}
      value={lesson.draft(check.id).text ?? ''}
      maxLength={120}
      inputMode={check.kind === 'number' ? 'decimal' : 'text'}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      onInput={(e) => lesson.setDraft(check.id, { text: e.currentTarget.value })}
    />
  );
}

function Match({ lesson, check }: Props) {
  const t = useWords();
  // What is drawn may be older than what was chosen last.
  const pairs = () => lesson.draft(check.id).pairs ?? {};
  const left = check.parts?.slice(0, check.left) ?? [];
  const right = check.parts?.slice(check.left) ?? [];
  return (
    <Group check={check}>
      {left.map((part) => (
        <label key={part.id} class="pair">
          <span>
            <Spans spans={part.text} />
          </span>
          <select
            data-left={part.id}
            value={pairs()[part.id] ?? ''}
            onChange={(e) => lesson.setDraft(check.id, { pairs: { ...pairs(), [part.id]: e.currentTarget.value } })}
          >
            <option value="">{t('lesson.choose')}</option>
            {right.map((r) => (
              <option key={r.id} value={r.id}>
                {plain(r.text)}
              </option>
            ))}
          </select>
        </label>
      ))}
    </Group>
  );
}

function Order({ lesson, check }: Props) {
  const order = lesson.draft(check.id).order ?? ids(check);
  const part = (id: string) => check.parts?.find((p) => p.id === id)?.text ?? [];
  return (
    <Sortable
      items={order}
      now={() => lesson.draft(check.id).order ?? ids(check)}
      label={check.title}
      name={(id) => plain(part(id))}
      onOrder={(items) => lesson.setDraft(check.id, { order: items })}
      onSay={(words) => lesson.say(words)}
    >
      {(id) => <Spans spans={part(id)} />}
    </Sortable>
  );
}
