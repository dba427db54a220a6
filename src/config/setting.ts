/**
 * What a setting is made of: a zod schema that checks it, and beside it the words for people. Both hang
 * together through zod's own metadata, so that an options schema of another folder can carry them without
 * knowing this one: `.meta({ description, unit, ... })`. Validation, defaults, variables, editor schema,
 * `env.example` and the reference page all read the same object; nothing about a setting is said twice.
 *
 * Rejected: a table beside the schema (the two drift apart), and a class per kind of value (zod is one).
 */
import { z } from 'zod';

/** The words for people. All optional, so that a plain `.describe()` is enough. */
export interface SettingMeta {
  /** One line: what it means. */
  readonly description?: string;
  /** The environment variable that sets it. */
  readonly variable?: string;
  readonly unit?: string;
  /** What is allowed, as it stands in an error after "expected ". */
  readonly expected?: string;
  /** What happens when the limit is reached. */
  readonly whenReached?: string;
  /** Never shown: not in errors, not by `config show`. Its variable also exists as `<variable>_FILE`. */
  readonly secret?: boolean;
  /** Where the default is no constant, `as mqtt.host`. */
  readonly defaultText?: string;
}

/** Adds the words to a schema. Comes last, after `.prefault()` and `.optional()`. */
export function setting<Schema extends z.ZodType>(schema: Schema, meta: SettingMeta): Schema {
  return schema.meta({ ...meta });
}

/** The words of a schema; those of the outer wrapper win. */
export function metaOf(schema: z.core.$ZodType): SettingMeta {
  const own = (z.globalRegistry.get(schema) ?? {}) as SettingMeta;
  const inner = innerOf(schema);
  return inner === undefined ? own : { ...metaOf(inner), ...own };
}

/** One step inwards through wrappers that do not change what may be written. */
export function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch
  ) {
    return schema.def.innerType;
  }
  if (schema instanceof z.ZodPipe) {
    return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
  }
  return undefined;
}

/** The schema without its wrappers. */
export function bareSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = innerOf(schema);
  return inner === undefined ? schema : bareSchema(inner);
}

/** What is taken when nothing is set, as it would be written; undefined = nothing. */
export function defaultOf(schema: z.core.$ZodType): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return schema.def.defaultValue;
  }
  const inner = innerOf(schema);
  const meta = z.globalRegistry.get(schema);
  if (meta !== undefined && 'default' in meta) return meta['default'];
  return inner === undefined ? undefined : defaultOf(inner);
}

/** The schema of one place in the file; undefined where the schema knows none. */
export function schemaAt(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): z.core.$ZodType | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return schema;
  const bare = bareSchema(schema);
  if (bare instanceof z.ZodObject) {
    const field = bare.shape[String(head)];
    return field === undefined ? undefined : schemaAt(field, rest);
  }
  if (bare instanceof z.ZodRecord) return schemaAt(bare.valueType, rest);
  if (bare instanceof z.ZodArray) return schemaAt(bare.element, rest);
  if (bare instanceof z.ZodUnion) {
    for (const option of bare.options) {
      const found = schemaAt(option, path);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** What may be written here, for people: `a whole number from 0 to 65535`, `debug | info`. */
export function expectedText(schema: z.core.$ZodType): string {
  const { expected } = metaOf(schema);
  if (expected !== undefined) return expected;
  const bare = bareSchema(schema);
  const isText = bare instanceof z.ZodString || bare instanceof z.ZodUnion;
  const own = isText ? ownWords(schema) : undefined;
  if (own !== undefined) return own;
  if (bare instanceof z.ZodNumber) return numberText(bare);
  if (bare instanceof z.ZodBoolean) return 'true | false';
  if (bare instanceof z.ZodEnum) return bare.options.join(' | ');
  if (bare instanceof z.ZodLiteral) return [...bare.values].join(' | ');
  if (bare instanceof z.ZodUnion) return bare.options.map(expectedText).join(' | ');
  if (bare instanceof z.ZodArray) return `a list, each ${expectedText(bare.element)}`;
  if (bare instanceof z.ZodObject || bare instanceof z.ZodRecord) return 'a mapping of keys';
  if (bare instanceof z.ZodString) return bare.minLength ? 'text, not empty' : 'text';
  return 'something else';
}

/** zod's own words, which this project does not use. */
export const stockMessage: RegExp = /^(Invalid|Too (big|small)|Unrecognized)/;

/** What a schema with a message of its own says when it is given something that nothing takes. */
function ownWords(schema: z.core.$ZodType): string | undefined {
  for (const probe of [{}, '\0 +#']) {
    const message = z.safeParse(schema, probe).error?.issues[0]?.message ?? '';
    const own = /^expected (.*?)(; got .*)?$/.exec(message)?.[1];
    if (own !== undefined) return own;
  }
  return undefined;
}

function numberText(schema: z.ZodNumber): string {
  const noun = schema.isInt ? 'a whole number' : 'a number';
  const { minValue, maxValue } = schema;
  const min = minValue === null || minValue <= Number.MIN_SAFE_INTEGER ? undefined : minValue;
  const max = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? undefined : maxValue;
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  if (min !== undefined) return `${noun} of at least ${min}`;
  return max === undefined ? noun : `${noun} of at most ${max}`;
}
