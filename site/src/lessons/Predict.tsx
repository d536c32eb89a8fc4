import { useState } from 'preact/hooks';
import { kindOf } from '../engine/actors';
import { useWords } from '../i18n';
import { Glyph } from '../map/glyphs';
import { actorName } from '../words';
import type { Lesson } from './lesson';
import { plain, type PageCheck } from './page';
import {
  blockOf,
  fromAnswer,
  nextOf,
  notesOn,
  numbered,
  objectOf,
  put,
  takeOut,
  toAnswer,
  withCause,
  type Prediction,
} from './prediction';
import { Spans } from './Prose';
import { Sortable } from './Sortable';

interface Props {
  lesson: Lesson;
  check: PageCheck;
}

type Change = (by: (prediction: Prediction) => Prediction) => void;

/** The homework's question: blocks to choose, to order, and to say because of what and by whom. */
export function Predict({ lesson, check }: Props) {
  const t = useWords();
  // What is drawn may be older than what was chosen last.
  const now = () => fromAnswer(lesson.draft(check.id));
  const prediction = now();
  const change: Change = (by) => lesson.setDraft(check.id, toAnswer(numbered(by(now()))));
  const name = (event: string) => eventName(check, event);
  return (
    <div class="predict">
      <section aria-label={t('lesson.blocks')}>
        <h4>{t('lesson.blocks')}</h4>
        <ul class="blocks">
          {check.parts?.map((part) => {
            const event = nextOf(prediction, part);
            const press = () => {
              const next = nextOf(now(), part);
              if (!next) return;
              change((p) => put(p, next));
              lesson.say(t('lesson.put', { what: plain(part.text), n: now().order.length }));
            };
            return (
              <li key={part.id}>
                <button
                  type="button"
                  data-block={part.id}
                  aria-disabled={!event}
                  onClick={press}
                >
                  <span aria-hidden="true">{event ? '+' : '✓'}</span>
                  <Spans spans={part.text} />
                  {part.each && <small>{t('lesson.each')}</small>}
                </button>
              </li>
            );
          })}
        </ul>
      </section>
      <section aria-label={t('lesson.chain')}>
        <h4>{t('lesson.chain')}</h4>
        {prediction.order.length === 0 && <p class="empty">{t('lesson.chain.empty')}</p>}
        <Sortable
          items={prediction.order}
          now={() => now().order}
          label={t('lesson.chain')}
          name={name}
          onOrder={(order) => change((p) => ({ ...p, order }))}
          onSay={(words) => lesson.say(words)}
          onRemove={(event) => change((p) => takeOut(p, event))}
        >
          {(event) => <Event lesson={lesson} check={check} prediction={prediction} event={event} onChange={change} />}
        </Sortable>
      </section>
    </div>
  );
}

/** An event's text, with its object's number where it has one. */
export function eventName(check: PageCheck, event: string): string {
  const text = plain(check.parts?.find((part) => part.id === blockOf(event))?.text ?? []).replace(/[.。]$/, '');
  return objectOf(event) ? `${text} (${objectOf(event)})` : text;
}

interface EventProps extends Props {
  prediction: Prediction;
  event: string;
  onChange: Change;
}

function Event({ lesson, check, prediction, event, onChange }: EventProps) {
  const t = useWords();
  const block = blockOf(event);
  const draft = lesson.work.drafts[check.id];
  // What was said about an earlier answer says nothing about this one.
  const notes = draft ? [] : [...(said(lesson, check).get(event) ?? []), ...(objectOf(event) === 1 ? (said(lesson, check).get(block) ?? []) : [])];
  return (
    <>
      <span>{eventName(check, event)}</span>
      <div class="why">
        <Causes check={check} prediction={prediction} event={event} onChange={onChange} />
        <label>
          <span>{t('lesson.by')}</span>
          <select
            data-ask="actor"
            value={prediction.actors[block] ?? ''}
            aria-label={`${eventName(check, event)}: ${t('lesson.by')}`}
            onChange={(e) => {
              const actor = e.currentTarget.value;
              onChange((p) => ({ ...p, actors: { ...p.actors, [block]: actor } }));
            }}
          >
            <option value="">{t('lesson.choose')}</option>
            {check.actors?.map((actor) => (
              <option key={actor} value={actor}>
                {actorName(actor === 'api-server' ? 'apiserver' : actor, t)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {notes.map((words) => (
        <p key={words} class="said">
          {words}
        </p>
      ))}
    </>
  );
}

const said = (lesson: Lesson, check: PageCheck) => notesOn(lesson.state(check.id), lesson.language);

/** What leads to an event: one select, and another for each further cause. */
function Causes({ check, prediction, event, onChange }: Omit<EventProps, 'lesson'>) {
  const t = useWords();
  const [more, setMore] = useState(false);
  const named = prediction.causes[event] ?? [];
  const shown = more || named.length === 0 ? [...named, ''] : named;
  return (
    <div>
      {shown.map((cause, n) => (
        <label key={n}>
          <span>{t(n === 0 ? 'lesson.because' : 'lesson.also')}</span>
          <select
            data-ask="cause"
            value={cause}
            aria-label={`${eventName(check, event)}: ${t(n === 0 ? 'lesson.because' : 'lesson.also')}`}
            onChange={(e) => {
              const named = e.currentTarget.value;
              setMore(false);
              onChange((p) => withCause(p, event, n, named));
            }}
          >
            <option value="">{t(n === 0 ? 'lesson.choose' : 'lesson.nothingElse')}</option>
            {prediction.order
              .filter((other) => other !== event)
              .map((other) => (
                <option key={other} value={other}>
                  {prediction.order.indexOf(other) + 1}. {eventName(check, other)}
                </option>
              ))}
          </select>
        </label>
      ))}
      {named.length > 0 && !more && (
        <button type="button" aria-label={`${eventName(check, event)}: ${t('lesson.another')}`} title={t('lesson.another')} onClick={() => setMore(true)}>
          +
        </button>
      )}
    </div>
  );
}

/** The four parts of a prediction's score. */
export function Parts({ lesson, check }: Props) {
  const t = useWords();
  const p = lesson.state(check.id)?.prediction;
  if (!p) return null;
  return (
    <dl class="parts-score">
      {(['events', 'order', 'causes', 'actors'] as const).map((part) => (
        <div key={part} data-full={p[part] >= 1}>
          <dt>{t(`score.${part}`)}</dt>
          <dd>
            <meter min={0} max={1} value={p[part]} aria-label={t(`score.${part}`)} />
            {Math.floor(p[part] * 100)} %
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What is missing from a prediction: it has no place in the list that it could be said at. */
export function Missing({ lesson, check }: Props) {
  const state = lesson.state(check.id);
  const words = (state?.prediction?.notes ?? []).flatMap((note, i) =>
    note.code === 'missing' ? [state?.said[lesson.language]?.notes?.[i] ?? note.event] : [],
  );
  if (words.length === 0) return null;
  return (
    <ul class="missing">
      {words.map((w) => (
        <li key={w}>{w}</li>
      ))}
    </ul>
  );
}

/** A glyph and a name. */
export function Actor({ actor }: { actor: string }) {
  const t = useWords();
  return (
    <span class="by" data-actor={kindOf(actor)}>
      <Glyph kind={kindOf(actor)} />
      {actorName(actor, t)}
    </span>
  );
}
