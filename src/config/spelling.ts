/**
 * One spelling for every key. `max_connections`, `max-connections` and `maxConnections` are the same key;
 * after this step each stands under the name that the schema gives it. Keys that the schema does not know
 * stay as they were written, for the error; names that the user chose (of listeners, of log modules) are
 * never touched; a key without a value counts as not written.
 */
import { z } from 'zod';
import { type ConfigIssue, issue } from './config-error.ts';
import { emptyMap, type Raw, type RawMap } from './raw.ts';
import { bareSchema } from './setting.ts';
import { pathText } from './settings.ts';
import { bareKey } from './suggestion.ts';

/** A copy of the tree in the schema's spelling; keys set twice are added to `issues`. */
export function spelled(
  node: Raw,
  schema: z.core.$ZodType | undefined,
  issues: ConfigIssue[],
  path: readonly (string | number)[] = [],
): Raw {
  const bare = schema === undefined ? undefined : bareSchema(schema);
  if (node.kind === 'list') {
    const element = bare instanceof z.ZodArray ? bare.element : undefined;
    const items = node.items.map((item, index) => spelled(item, element, issues, [...path, index]));
    return { ...node, items };
  }
  if (node.kind === 'scalar') return node;
  if (bare instanceof z.ZodObject) return spelledMap(node, bare, issues, path);
  if (bare instanceof z.ZodUnion) {
    const object = bare.options.find((option) => bareSchema(option) instanceof z.ZodObject);
    if (object !== undefined) return spelled(node, object, issues, path);
  }
  const result = emptyMap(node.origin);
  const below = bare instanceof z.ZodRecord ? bare.valueType : undefined;
  for (const [key, entry] of node.entries) {
    const value = spelled(entry.node, below, issues, [...path, key]);
    result.entries.set(key, { ...entry, node: value });
  }
  return result;
}

function spelledMap(
  node: RawMap,
  schema: z.ZodObject,
  issues: ConfigIssue[],
  path: readonly (string | number)[],
): RawMap {
  const result = emptyMap(node.origin);
  const names = new Map(Object.keys(schema.shape).map((name) => [bareKey(name), name]));
  const writtenAs = new Map<string, string>();
  for (const [key, entry] of node.entries) {
    const name = names.get(bareKey(key));
    if (name === undefined) {
      result.entries.set(key, entry);
      continue;
    }
    const before = writtenAs.get(name);
    if (before !== undefined) {
      const problem = `"${before}" and "${key}" are the same key; keep one of them`;
      const place = pathText([...path, key]);
      issues.push(issue({ code: 'conflict', path: place, origin: entry.keyOrigin, problem }));
      continue;
    }
    writtenAs.set(name, key);
    if (entry.node.kind === 'scalar' && entry.node.value === null) continue;
    const value = spelled(entry.node, schema.shape[name], issues, [...path, name]);
    result.entries.set(name, { ...entry, node: value });
  }
  return result;
}
