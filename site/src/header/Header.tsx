import { useState } from 'preact/hooks';
import { languages, useWords, type Language } from '../i18n';
import { keep, recall } from '../kept';
import { CourseButton } from '../lessons/CourseButton';
import type { Store } from '../store';
import { Status } from './Status';

type Theme = 'auto' | 'light' | 'dark';
const themes: Theme[] = ['auto', 'light', 'dark'];
const stored = 'tabernetes.theme';

function storedTheme(): Theme {
  const theme = recall(stored) as Theme | null;
  return theme && themes.includes(theme) ? theme : 'auto';
}

function apply(theme: Theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

apply(storedTheme());

/** The address may ask for the list of lessons. */
const courseWanted = new URLSearchParams(location.search).has('course');

interface Props {
  store: Store;
  language: Language;
  onLanguage: (language: Language) => void;
}

export function Header({ store, language, onLanguage }: Props) {
  const t = useWords();
  return (
    <header class="header">
      <h1>
        <Logo />
        Tabernetes <span class="tagline">{t('page.tagline')}</span>
      </h1>
      <Status store={store} />
      <div class="choices">
        <CourseButton language={language} open={courseWanted} />
        <ThemeChoice />
        <LanguageChoice language={language} onLanguage={onLanguage} />
      </div>
    </header>
  );
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M2 26V9a3 3 0 0 1 3-3h8l3 4h11a3 3 0 0 1 3 3v13z" fill="currentColor" />
      <path class="logo-pod" d="m16 12 5.2 3v6L16 24l-5.2-3v-6z" />
    </svg>
  );
}

function ThemeChoice() {
  const t = useWords();
  const [theme, setTheme] = useState(storedTheme);
  const choose = (next: Theme) => {
    keep(stored, next);
    apply(next);
    setTheme(next);
  };
  return (
    <label class="choice theme">
      <span class="visually-hidden">{t('page.theme')}</span>
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
      </svg>
      <select value={theme} onChange={(e) => choose(e.currentTarget.value as Theme)}>
        {themes.map((name) => (
          <option key={name} value={name}>
            {t(`theme.${name}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

function LanguageChoice({ language, onLanguage }: Omit<Props, 'store'>) {
  const t = useWords();
  return (
    <label class="choice">
      <span class="visually-hidden">{t('page.language')}</span>
      <svg viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5">
        <circle cx="10" cy="10" r="7" />
        <path d="M3 10h14M10 3c-5 4.5-5 9.500 0 14M10 3c5 4.500 5 9.500 0 14" />
      </svg>
      <select value={language} onChange={(e) => onLanguage(e.currentTarget.value as Language)}>
        {Object.entries(languages).map(([id, { name, tag }]) => (
          <option key={id} value={id} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
