import { useState } from 'preact/hooks';
import { useWords, type Language } from '../i18n';
import type * as Module from './main';

/** Opens the list of lessons, whose code comes when it is wanted. */
export function CourseButton({ language, open = false }: { language: Language; open?: boolean }) {
  const t = useWords();
  const [shown, setShown] = useState(false);
  const [module, setModule] = useState<typeof Module>();
  const show = async () => {
    setModule(await import('./main'));
    setShown(true);
  };
  if (open && !shown && !module) void show();
  return (
    <>
      <button type="button" class="course-open" aria-haspopup="dialog" onClick={() => void show()}>
        {t('course.open')}
      </button>
      {shown && module && <module.Course language={language} onClose={() => setShown(false)} />}
    </>
  );
}
