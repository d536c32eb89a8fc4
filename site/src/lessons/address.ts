// Where lessons are: ?lesson=ID beside whatever else the address says, so it
// works under any path. Each lesson has an engine of its own.

/** The name that a lesson's engine is found by; no cluster's database is called so. */
export const engineName = (id: string): string => `tabernetes-lesson.${id}`;

/** The lesson that an address asks for; undefined for the learner's own cluster. */
export function lessonIn(search: string): string | undefined {
  const id = new URLSearchParams(search).get('lesson') ?? '';
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(id) ? id : undefined;
}

/** The address of a lesson, or, without one, of the learner's own cluster. */
export function lessonAddress(id: string | undefined, { search, pathname } = location): string {
  const asked = new URLSearchParams(search);
  for (const name of ['lesson', 'course', 'nodes', 'seed']) asked.delete(name);
  if (id) asked.set('lesson', id);
  const query = asked.toString();
  return pathname + (query && `?${query}`);
}
