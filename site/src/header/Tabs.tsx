import { useWords } from '../i18n';

export type View = 'lesson' | 'map' | 'console' | 'writes';

const views: View[] = ['lesson', 'map', 'console', 'writes'];

/** On a narrow screen one view is shown at a time; on a wide one this bar is hidden. */
export function Tabs({ view, lesson, onView }: { view: View; lesson: boolean; onView: (view: View) => void }) {
  const t = useWords();
  return (
    <nav class="tabs" aria-label={t('views.label')}>
      {views.filter((v) => lesson || v !== 'lesson').map((v) => (
        <button key={v} type="button" aria-current={v === view ? 'page' : undefined} onClick={() => onView(v)}>
          {t(`tabs.${v}`)}
        </button>
      ))}
    </nav>
  );
}
