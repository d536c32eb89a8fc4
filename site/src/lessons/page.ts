import type { Language } from '../i18n';

// The lessons as `tabernetes lessons export` writes them: what there is to
// read and to answer, nothing of what is right. Mirrors lessons.Page.

export interface Card {
  id: string;
  /** Sums up the lesson's content: another hash, another lesson. */
  hash: string;
  title: string;
  summary: string;
  minutes: number;
  after?: string[];
  homework?: boolean;
  points: number;
}

export interface Page extends Card {
  intro?: Block[];
  steps: PageStep[];
}

export interface PageStep {
  id: string;
  title: string;
  text?: Block[];
  hints?: Block[][];
  checks?: PageCheck[];
}

export type Question = 'choice' | 'number' | 'text' | 'match' | 'order' | 'predict';

export interface PageCheck {
  id: string;
  kind: Question | 'object' | 'chain' | 'console' | 'component';
  points: number;
  title: string;
  text?: Block[];
  hints?: Block[][];
  /** To be shown once it has passed. */
  then?: Block[];
  multiple?: boolean;
  /** So many of the parts of a match stand on the left. */
  left?: number;
  parts?: Part[];
  script?: string;
  actors?: string[];
}

export interface Part {
  id: string;
  text: Span[];
  /** The block may be put once for each of several objects. */
  each?: boolean;
}

export interface Block {
  type: 'paragraph' | 'list' | 'code' | 'table' | 'note';
  text?: Span[];
  items?: { text: Span[]; blocks?: Block[] }[];
  ordered?: boolean;
  lang?: string;
  code?: string;
  rows?: Span[][][];
  blocks?: Block[];
}

export interface Span {
  kind?: 'code' | 'strong' | 'em' | 'link';
  text: string;
  href?: string;
}

/** The files, by the names that they were exported with. */
const files = import.meta.glob<string>('../../build/lessons/*.json', { query: '?url', import: 'default', eager: true });

async function get(name: string): Promise<Response> {
  const url = files[`../../build/lessons/${name}.json`];
  if (!url) throw new Error(name);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

export const course = async (language: Language): Promise<Card[]> => (await get(`index.${language}`)).json();
export const pageOf = async (id: string, language: Language): Promise<Page> => (await get(`${id}.${language}`)).json();
/** What the engine needs to do the lesson. */
export const packOf = async (id: string): Promise<string> => (await get(`${id}.pack`)).text();

export const plain = (spans: Span[]): string => spans.map((span) => span.text).join('');

export function isQuestion(check: PageCheck): boolean {
  return ['choice', 'number', 'text', 'match', 'order', 'predict'].includes(check.kind);
}
