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
  kind: Question | 'object' | 'chain' | 'console' | 'component' | 'traffic';
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

/** The folder with the files, beside the page; filled in by the build (vite.config.js). */
declare const __LESSONS__: string;

async function get(name: string): Promise<Response> {
  const response = await fetch(`${__LESSONS__}/${name}.json`);
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
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
