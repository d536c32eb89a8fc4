import { en } from './en';

/** The keys of all words. In what is built they are codes, and only of those that are put together; the words themselves are fetched. */
export const keys = Object.keys(en);

/** What a key that is put together is found by. */
export const codeOf = <K extends string>(key: K): K => key;
