// The clusters in this browser: a database each, told apart by name.

const prefix = 'tabernetes';

/** The cluster that a page without ?cluster=NAME shows. */
export const first = 'default';

/** The longest name, in characters. */
export const longest = 40;

/** Whether a cluster may be called so: as Kubernetes' own names are written. */
export function allowed(name: string): boolean {
  return name.length <= longest && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** The database of a cluster; of the first one where the name is none. */
export function database(name: string | null): string {
  return !name || name === first || !allowed(name) ? prefix : `${prefix}.${name}`;
}

/** The cluster in a database, undefined where there is none of ours. */
export function clusterIn(database: string): string | undefined {
  if (database === prefix) return first;
  const name = database.startsWith(`${prefix}.`) ? database.slice(prefix.length + 1) : '';
  return allowed(name) ? name : undefined;
}
