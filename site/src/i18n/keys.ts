import { en } from './en';

/** The keys of all words. In what is built it is a list; the words themselves are fetched. */
export const keys = Object.keys(en);
