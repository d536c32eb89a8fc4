import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { keep, recall } from '../kept';
import { en, type Key } from './en';
import { zhCN } from './zh-cn';

export type { Key };
export type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

export const languages = {
  en: { name: 'English', tag: 'en', words: en as Record<Key, string> },
  'zh-cn': { name: '简体中文', tag: 'zh-CN', words: zhCN },
} as const;

export type Language = keyof typeof languages;

const stored = 'tabernetes.language';

/** The language asked for in the address, chosen before, or preferred by the browser. */
export function detect(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? recall(stored);
  for (const tag of [asked, ...navigator.languages]) {
    const found = tag?.toLowerCase();
    if (found?.startsWith('zh')) return 'zh-cn';
    if (found?.startsWith('en')) return 'en';
  }
  return 'en';
}

export function remember(language: Language) {
  keep(stored, language);
}

export function translator(language: Language): Translate {
  const words = languages[language].words;
  return (key, values) => words[key].replace(/\{(\w+)\}/g, (whole, name) => String(values?.[name] ?? whole));
}

/** Whether there are words for a key that was put together. */
export function known(key: string): key is Key {
  return key in en;
}

export const Words = createContext<Translate>(translator('en'));

export function useWords(): Translate {
  return useContext(Words);
}
