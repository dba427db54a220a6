/**
 * The configuration in effect as YAML: every setting with its value, as it was written or by default, and
 * on request where each comes from. It can be read back; secrets are replaced by a word.
 */
import { Document, isCollection, type Node, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { z } from 'zod';
import { plainValue } from './coerce.ts';
import type { LoadedConfig } from './load-config.ts';
import { defaultOrigin, type Origin, originText } from './origin.ts';
import { type Raw, rawAt } from './raw.ts';
import { configSchema } from './schema.ts';
import { bareSchema, defaultOf, metaOf } from './setting.ts';
import { isSecret, pathText } from './settings.ts';

export interface EffectiveOptions {
  /** A comment behind each value: `# from linnet.yaml:4:3`. */
  readonly withOrigins: boolean;
}

export function renderEffective(loaded: LoadedConfig, { withOrigins }: EffectiveOptions): string {
  const root = effectiveNode(loaded.written, configSchema, [], withOrigins);
  return new Document(root).toString({ lineWidth: 0, nullStr: '', indentSeq: true });
}

type Path = readonly (string | number)[];

function effectiveNode(
  raw: Raw | undefined,
  schema: z.core.$ZodType,
  path: Path,
  withOrigins: boolean,
): Node {
  const bare = bareSchema(schema);
  const isLeftOut = raw === undefined && z.safeParse(schema, undefined).data === undefined;
  if (bare instanceof z.ZodObject && !isLeftOut) {
    const map = new YAMLMap();
    for (const [key, field] of Object.entries(bare.shape)) {
      if (bareSchema(field) instanceof z.ZodUnknown) continue;
      const below = rawAt(raw, [key]);
      map.add({ key, value: effectiveNode(below, field, [...path, key], withOrigins) });
    }
    return map;
  }
  if (bare instanceof z.ZodRecord && raw?.kind === 'map' && raw.entries.size > 0) {
    const map = new YAMLMap();
    for (const [key, { node }] of raw.entries) {
      map.add({ key, value: effectiveNode(node, bare.valueType, [...path, key], withOrigins) });
    }
    return map;
  }
  if (bare instanceof z.ZodArray && raw?.kind === 'list' && raw.items.length > 0) {
    const list = new YAMLSeq();
    raw.items.forEach((item, index) => {
      list.add(effectiveNode(item, bare.element, [...path, index], withOrigins));
    });
    return list;
  }
  return leafNode(raw, schema, path, withOrigins);
}

function leafNode(
  raw: Raw | undefined,
  schema: z.core.$ZodType,
  path: Path,
  withOrigins: boolean,
): Node {
  const value = raw === undefined ? defaultOf(schema) : plainValue(raw, schema);
  const shown = isSecret(pathText(path)) ? '(hidden)' : (value ?? null);
  const node = new Document(shown).contents ?? new Scalar(null);
  if (isCollection(node)) node.flow = true;
  const origin = raw?.origin ?? defaultOrigin;
  if (withOrigins) node.comment = ` ${fromText(origin, metaOf(schema).defaultText)}`;
  return node;
}

function fromText(origin: Origin, defaultText: string | undefined): string {
  const isDefault = origin.source === 'default' && defaultText !== undefined;
  return `from ${originText(origin)}${isDefault ? ` (${defaultText})` : ''}`;
}
