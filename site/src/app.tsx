import { useEffect, useState } from 'preact/hooks';
import { Steps } from './chain/Steps';
import { ConsoleView } from './console/ConsoleView';
import { Editor } from './console/Editor';
import { embedded, layout } from './embed/frame';
import { Header } from './header/Header';
import { Notice } from './header/Notice';
import { detect, languages, remember, translator, Words, type Language } from './i18n';
import { LessonPanel } from './lessons/Panel';
import { ClusterMap } from './map/Map';
import { Update } from './offline/Update';
import { KeptNowhere } from './share/Kept';
import { useStore, type Store } from './store';
import { Controls } from './time/Controls';
import { Tabs, type View } from './header/Tabs';
import { Writes } from './writes/Writes';

const shown = layout(location.search);

export function App({ store }: { store: Store }) {
  const [language, setLanguage] = useState<Language>(detect);
  const [view, setView] = useState<View>(store.lessonId ? 'lesson' : 'map');
  useStore(store);
  const t = translator(language);
  useEffect(() => {
    document.documentElement.lang = languages[language].tag;
    document.title = t('page.title');
  }, [language]);
  const choose = (l: Language) => {
    remember(l);
    setLanguage(l);
  };
  const toConsole = (e?: Event) => {
    e?.preventDefault();
    setView('console');
    // The console may be shown only by the next drawing.
    requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById('command')?.focus()));
  };
  return (
    <Words.Provider value={t}>
      <a class="skip" href="#command" onClick={toConsole}>
        {t('page.skip')}
      </a>
      <Header store={store} language={language} onLanguage={choose} />
      <Notice store={store} />
      {!embedded && <Update />}
      {!embedded && store.storage.nowhere && store.phase === 'ready' && <KeptNowhere store={store} />}
      <main class="views" data-view={view} data-lesson={!!store.lessonId} data-shown={shown?.join(' ')}>
        {store.lessonId ? (
          <LessonPanel store={store} id={store.lessonId} language={language} onConsole={toConsole} />
        ) : (
          <Steps chain={store.chain} now={store.lit} onSelect={(revision) => store.select(revision)} />
        )}
        <ClusterMap store={store} onConsole={toConsole} />
        <Controls store={store} />
        <ConsoleView store={store} />
        <Writes store={store} version={store.version} shown={view} onShow={() => setView('writes')} />
      </main>
      <Tabs view={view} lesson={!!store.lessonId} onView={setView} />
      {store.editor && <Editor key={store.editor.id} edit={store.editor} onClose={(c, saved) => store.closeEditor(c, saved)} />}
    </Words.Provider>
  );
}
