import { useEffect, useState } from 'preact/hooks';
import type { Language } from '../i18n';
import type { Store } from '../store';
import { lessonIn } from './address';
import type * as Module from './main';

/** Asked for as soon as the page's own code is there, and only with a lesson. */
const wanted = lessonIn(location.search) ? import('./main') : undefined;

interface Props {
  store: Store;
  id: string;
  language: Language;
  onConsole: () => void;
}

/** The lesson's column, empty until its code has come. */
export function LessonPanel({ store, id, language, onConsole }: Props) {
  const [module, setModule] = useState<typeof Module>();
  useEffect(() => {
    void wanted?.then((m) => {
      store.lesson = new m.Lesson(id, store.questions, (request) => store.send(request), () => store.changed(), store.guest);
      setModule(m);
    });
  }, []);
  if (!module || !store.lesson) return <section class="panel lesson" aria-busy="true" />;
  return <module.LessonView lesson={store.lesson} store={store} language={language} onConsole={onConsole} />;
}
