/**
 * From what was written to what the schema of the place takes. Variables and flags are always text, YAML
 * guesses types from the look of a text, and people write `yes`: a number, boolean or choice is recognised
 * in any of these forms, and a text stays exactly the characters that were written (`0403` is no number
 * where a text is meant). What fits nothing is handed on unchanged, for the schema to refuse.
 */
import { z } from 'zod';
import type { Raw, RawScalar } from './raw.ts';
import { bareSchema } from './setting.ts';
import { bareKey } from './suggestion.ts';

const trueWords: readonly string[] = ['true', '1', 'yes', 'on'];
const falseWords: readonly string[] = ['false', '0', 'no', 'off'];

/** true/false/1/0/yes/no/on/off in any case; undefined for anything else. */
export function booleanWord(value: unknown): boolean | undefined {
  const word = String(value).trim().toLowerCase();
  if (trueWords.includes(word)) return true;
  return falseWords.includes(word) ? false : undefined;
}

/** The tree as plain values, each in the type that its schema takes. */
export function plainValue(node: Raw, schema: z.core.$ZodType | undefined): unknown {
  const bare = schema === undefined ? undefined : bareSchema(schema);
  if (bare instanceof z.ZodUnion) return unionValue(node, bare);
  if (node.kind === 'list') {
    const element = bare instanceof z.ZodArray ? bare.element : undefined;
    return node.items.map((item) => plainValue(item, element));
  }
  if (node.kind === 'map') {
    const values = [...node.entries].map(([key, entry]) => {
      return [key, plainValue(entry.node, fieldSchema(bare, key))] as const;
    });
    return Object.fromEntries(values);
  }
  return scalarValue(node, bare);
}

function fieldSchema(bare: z.core.$ZodType | undefined, key: string): z.core.$ZodType | undefined {
  if (bare instanceof z.ZodObject)
    return Object.hasOwn(bare.shape, key) ? bare.shape[key] : undefined;
  return bare instanceof z.ZodRecord ? bare.valueType : undefined;
}

function scalarValue(node: RawScalar, bare: z.core.$ZodType | undefined): unknown {
  const { value } = node;
  if (value === null) return null;
  if (bare instanceof z.ZodArray) return listValue(node, bare.element);
  if (bare instanceof z.ZodBoolean) return booleanWord(value) ?? value;
  if (bare instanceof z.ZodNumber) return numberValue(value) ?? value;
  if (bare instanceof z.ZodEnum) return choiceValue(value, bare.options);
  if (bare instanceof z.ZodLiteral) return choiceValue(value, [...bare.values]);
  if (bare instanceof z.ZodString && typeof value !== 'string') return node.written;
  return value;
}

/** A single value stands for a list of one; in a variable or flag, commas separate. */
function listValue(node: RawScalar, element: z.core.$ZodType): readonly unknown[] {
  const { value, origin } = node;
  const mayBeMany = origin.source !== 'file' && origin.source !== 'object';
  const parts = typeof value === 'string' && mayBeMany ? value.split(',') : [value];
  return parts.map((part) => {
    const text = typeof part === 'string' ? part.trim() : part;
    return plainValue({ ...node, value: text, written: String(text) }, element);
  });
}

function numberValue(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Capitals and dashes do not count in a choice; `warn` is short for `warning`, and off is a boolean to some. */
function choiceValue(value: unknown, options: readonly unknown[]): unknown {
  if (options.includes(value)) return value;
  const word = bareKey(String(value).trim());
  const found = options.find((option) => bareKey(String(option)) === word);
  if (found !== undefined) return found;
  if (word === 'warn' && options.includes('warning')) return 'warning';
  return value === false && options.includes('off') ? 'off' : value;
}

/** The first option of the union that takes the value after it was brought into that option's form. */
function unionValue(node: Raw, union: z.ZodUnion): unknown {
  for (const option of union.options) {
    const value = plainValue(node, option);
    if (z.safeParse(option, value).success) return value;
  }
  return plainValue(node, undefined);
}
