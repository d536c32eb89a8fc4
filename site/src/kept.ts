// What the browser keeps for the page beside the clusters: small choices, in
// localStorage. They are conveniences: where storage is full or forbidden (some
// private modes, or by the learner's settings) the page goes on without them.

/** What was kept under a name; null where nothing is. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text under a name, or forgets it, if the browser lets it. */
export function keep(name: string, text: string | null) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // It is known until the page is left.
  }
}
