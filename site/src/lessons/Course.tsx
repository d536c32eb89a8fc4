import { useEffect, useState } from 'preact/hooks';
import { Dialog } from '../header/Dialog';
import { useWords, type Language } from '../i18n';
import { lessonAddress, lessonIn } from './address';
import { round } from './Check';
import { download } from './download';
import { course, type Card } from './page';
import { exported, imported, loadProgress, standing } from './progress';

/** The list of lessons, and how far the learner is with each. */
export function Course({ language, onClose }: { language: Language; onClose: () => void }) {
  const t = useWords();
  const [cards, setCards] = useState<Card[]>([]);
  const [told, setTold] = useState('');
  useEffect(() => {
    course(language).then(setCards, (err) => setTold(`${t('lesson.missing')} ${err}`));
  }, [language]);
  const take = async (file: File | undefined) => {
    if (!file) return;
    const kept = imported(await file.text());
    const titles = cards.filter((card) => kept?.includes(card.id)).map((card) => card.title);
    setTold(!kept ? t('progress.refused', { file: file.name }) : titles.length ? t('progress.kept', { titles: titles.join(', ') }) : t('progress.taken'));
  };
  const here = lessonIn(location.search);
  return (
    <Dialog class="course" title={t('course.title')} onClose={onClose}>
      <p>{t('course.text')}</p>
      <ol>
        {cards.map((card) => (
          <Entry key={card.id} card={card} here={card.id === here} titles={cards} />
        ))}
      </ol>
      <p class="acts">
        {here && <a href={lessonAddress(undefined)}>{t('course.own')}</a>}
        <button type="button" onClick={() => download('tabernetes-progress.json', exported(cards.map((c) => c.id)), 'application/json')}>
          {t('progress.export')}
        </button>
        <label class="file">
          {t('progress.import')}
          <input type="file" accept=".json,application/json" onChange={(e) => void take(e.currentTarget.files?.[0])} />
        </label>
      </p>
      <p class="told" role="status">
        {told}
      </p>
    </Dialog>
  );
}

function Entry({ card, here, titles }: { card: Card; here: boolean; titles: Card[] }) {
  const t = useWords();
  const [how, result] = standing(loadProgress(), card.id, card.hash);
  const after = titles.filter((other) => card.after?.includes(other.id)).map((other) => other.title);
  return (
    <li data-standing={how}>
      <h3>
        <a href={lessonAddress(card.id)} aria-current={here ? 'page' : undefined}>
          {card.title}
        </a>
      </h3>
      <p>{card.summary}</p>
      <p class="note">
        <strong>{t(`standing.${how}`, { n: round(result?.points ?? 0), of: result?.of ?? card.points })}</strong> ·{' '}
        {t('course.minutes', { n: card.minutes })}
        {card.homework && ` · ${t('course.homework')}`}
        {after.length > 0 && ` · ${t('course.after', { titles: after.join(', ') })}`}
      </p>
    </li>
  );
}
