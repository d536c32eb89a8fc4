import { useEffect, useState } from 'preact/hooks';
import { Steps } from './chain/Steps';
import { ConsoleView } from './console/ConsoleView';
import { Editor } from './console/Editor';
import { embedded, layout } from './embed/frame';
import { Header } from './header/Header';
import { Notice } from './header/Notice';
import { detect, languages, learn, remember, translator, Words, type Language } from './i18n';
import { LessonPanel } from './lessons/Panel';
import { ClusterMap } from './map/Map';
import { Update } from './offline/Update';
import { KeptNowhere } from './share/Kept';
import { useStore, type Store } from './store';
import { Controls } from './time/Controls';
import { Fork } from './time/Fork';
import { Tabs, type View } from './header/Tabs';
import { Log } from './log/Log';

const shown = layout(location.search);

export function App({ store }: { store: Store }) {
  const [language, setLanguage] = useState<Language>(detect);
  const [view, setView] = useState<View>(store.lessonId ? 'lesson' : 'map');
  const [large, setLarge] = useState(false);
  useStore(store);
  const t = translator(language);
  useEffect(() => {
    document.documentElement.lang = languages[language].tag;
    document.title = t('page.title');
  }, [language]);
  const choose = async (l: Language) => {
    await learn(l);
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
      <Header store={store} language={language} onLanguage={(l) => void choose(l)} />
      <Notice store={store} />
      {!embedded && <Update />}
      {!embedded && store.storage.nowhere && store.phase === 'ready' && <KeptNowhere store={store} />}
      <main class="views" data-view={view} data-lesson={!!store.lessonId} data-shown={shown?.join(' ')} data-past={store.past.reading ? true : undefined} data-large={large || undefined}>
        {store.lessonId ? (
          <LessonPanel store={store} id={store.lessonId} language={language} onConsole={toConsole} />
        ) : (
          <Steps chain={store.chain} now={store.lit} onSelect={(revision) => store.select(revision)} />
        )}
        <ClusterMap store={store} onConsole={toConsole} />
        <Controls store={store} />
        <ConsoleView store={store} />
        <Log store={store} view={view} onView={() => setView('writes')} large={large} onLarge={() => setLarge(!large)} />
      </main>
      <Tabs view={view} lesson={!!store.lessonId} onView={setView} />
      {store.editor && <Editor key={store.editor.id} edit={store.editor} onClose={(c, saved) => store.closeEditor(c, saved)} />}
      {store.forking && <Fork store={store} {...store.forking} onClose={() => store.wantFork()} />}
    </Words.Provider>
  );
}
