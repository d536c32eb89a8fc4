import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { keep, recall } from '../kept';
import type { Key } from './en';
import { codeOf, keys } from './keys';

export type { Key };
export type Values = Record<string, string | number>;
export type Translate = (key: Key, values?: Values) => string;

export const languages = {
  en: { name: 'English', tag: 'en' },
  'zh-cn': { name: '简体中文', tag: 'zh-CN' },
} as const;

export type Language = keyof typeof languages;

const stored = 'tabernetes.language';

/** The words learned so far. */
const learned: Partial<Record<Language, Record<Key, string>>> = {};

/** Fetches a language's words: a visitor pays for what is read. Before that there is no translator for it. */
export async function learn(language: Language) {
  learned[language] ??= language === 'en' ? (await import('./en')).en : (await import('./zh-cn')).zhCN;
}

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

/** A translator into a language that was learned. */
export function translator(language: Language): Translate {
  return translating(learned[language]);
}

export function translating(words: Record<Key, string> | undefined): Translate {
  return (key, values) => (words?.[codeOf(key)] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values?.[name] ?? whole));
}

const all: ReadonlySet<string> = new Set(keys);

/** Whether there are words for a key that was put together. */
export function known(key: string): key is Key {
  return all.has(codeOf(key));
}

export const Words = createContext<Translate>(translator('en'));

export function useWords(): Translate {
  return useContext(Words);
}
