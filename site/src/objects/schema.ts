import type { Store } from '../store';
import { get, type Kind } from './api';

/** A piece of an OpenAPI v3 schema. */
export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  format?: string;
  description?: string;
  enum?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  required?: string[];
}

/** What fields a kind has: the schema at a path of field names, resolved; lists are passed through. */
export type Lookup = (path: string[]) => Schema | undefined;

interface Document {
  components: { schemas: Record<string, Schema & { 'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[] }> };
}

/** The kind's schema, from the API server's own OpenAPI. */
export async function schemaOf(store: Store, { group, version, kind }: Kind): Promise<Lookup> {
  const path = `/openapi/v3/${group ? `apis/${group}` : 'api'}/${version}`;
  const { schemas } = (JSON.parse(await get(store, path, 'application/json')) as Document).components;
  const is = (s: Document['components']['schemas'][string]) =>
    s['x-kubernetes-group-version-kind']?.some((k) => k.group === group && k.version === version && k.kind === kind);
  const root = Object.values(schemas).find(is);
  const resolve = (s: Schema | undefined): Schema | undefined => {
    const ref = s?.$ref ?? s?.allOf?.[0]?.$ref;
    if (!s || !ref) return s;
    const target = resolve(schemas[ref.slice(ref.lastIndexOf('/') + 1)]);
    return target && { ...target, description: s.description ?? target.description };
  };
  return (path) => {
    let at = resolve(root);
    for (const name of path) {
      while (at?.items) at = resolve(at.items);
      at = resolve(at?.properties?.[name] ?? at?.additionalProperties);
    }
    let below = at;
    while (below?.items) below = resolve(below.items);
    return below && below !== at ? { ...below, type: at?.type, description: at?.description } : at;
  };
}
