import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import { lessonAddress } from './address';
import { round } from './Check';
import { download } from './download';
import type { Lesson } from './lesson';
import { course, type Card } from './page';

/** The end of a lesson: what it came to, the file to hand in, and where to go from here. */
export function End({ lesson }: { lesson: Lesson }) {
  const t = useWords();
  const [next, setNext] = useState<Card>();
  const [saved, setSaved] = useState('');
  useEffect(() => {
    course(lesson.language).then(
      (cards) => setNext(cards[cards.findIndex((card) => card.id === lesson.id) + 1]),
      () => setNext(undefined), // the list of lessons says what is wrong
    );
  }, [lesson.language]);
  const { checks, page } = lesson;
  if (!checks || !page) return null;
  const hand = async () => {
    const { name, data } = await lesson.file();
    if (!data) return; // the engine has died over it
    download(name, data, 'application/json');
    setSaved(name);
  };
  return (
    <section class="end" aria-labelledby="lesson-end">
      <h3 id="lesson-end">{t(checks.points >= checks.of ? 'end.full' : 'end.some', { n: round(checks.points), of: checks.of })}</h3>
      {page.homework && <p>{t('end.homework', { who: lesson.work.student })}</p>}
      <p class="acts">
        <button type="button" class={page.homework ? 'primary' : ''} onClick={() => void hand()}>
          {t('end.save')}
        </button>
        {next && <a href={lessonAddress(next.id)}>{t('end.next', { title: next.title })}</a>}
        <button type="button" class="link" onClick={() => confirm(t('lesson.anew.sure')) && lesson.anew()}>
          {t('lesson.anew')}
        </button>
      </p>
      <p class="note" role="status">
        {saved && t('end.saved', { file: saved })}
      </p>
    </section>
  );
}
