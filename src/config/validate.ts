/**
 * Checks the tree against the schema, section by section, and turns what zod says into issues that name
 * key, place, value and what is allowed. A section with mistakes is replaced by its defaults, so that the
 * checks between sections can still be made where both sides are sound.
 */
import { z } from 'zod';
import { plainValue } from './coerce.ts';
import { type ConfigIssue, type Excerpt, issue } from './config-error.ts';
import type { Origin } from './origin.ts';
import { type Raw, type RawMap, rawAt } from './raw.ts';
import {
  type CheckedSections,
  configSchema,
  type SectionName,
  sectionNames,
  sections,
} from './schema.ts';
import { bareSchema, expectedText, schemaAt, stockMessage } from './setting.ts';
import { isSecret, pathText, settings } from './settings.ts';
import { bareKey, nearest } from './suggestion.ts';

export type Excerpts = (origin: Origin, length: number) => Excerpt | undefined;

export interface Validation {
  readonly sections: CheckedSections;
  /** Sections that are replaced by their defaults because of their mistakes. */
  readonly failed: ReadonlySet<SectionName>;
  readonly issues: readonly ConfigIssue[];
}

export function validate(root: RawMap, excerpts: Excerpts): Validation {
  const issues: ConfigIssue[] = [];
  const failed = new Set<SectionName>();
  const checked: Partial<Record<SectionName, unknown>> = {};
  for (const name of sectionNames) {
    const node = root.entries.get(name)?.node;
    const schema: z.ZodType = sections[name];
    const value = node === undefined ? undefined : plainValue(node, schema);
    const result = schema.safeParse(value);
    checked[name] = result.success ? result.data : schema.parse(undefined);
    if (result.success) continue;
    failed.add(name);
    for (const problem of result.error.issues) {
      issues.push(...translate(problem, name, root, excerpts));
    }
  }
  const unknown = [...root.entries.keys()].filter((key) => !Object.hasOwn(sections, key));
  issues.push(...unknown.map((key) => unknownKey(root, [], key, excerpts)));
  const distinct = issues.filter(
    (one, index) => issues.findIndex((other) => isSame(one, other)) === index,
  );
  return { sections: checked as unknown as CheckedSections, failed, issues: distinct };
}

/** One value may fail several checks that are one rule to people, such as range and wholeness. */
function isSame(one: ConfigIssue, other: ConfigIssue): boolean {
  return one.path === other.path && one.problem === other.problem;
}

/** What was written at a place, ready to print: in quotes where it is text; undefined where it is secret. */
export function foundText(node: Raw | undefined, path: string): string | undefined {
  if (node?.kind !== 'scalar' || isSecret(path)) return undefined;
  if (typeof node.value !== 'string') return node.written === '' ? undefined : node.written;
  const masked = node.written.replaceAll(/\/\/[^/@\s]*@/g, '//***@');
  return JSON.stringify(masked.length > 60 ? `${masked.slice(0, 57)}...` : masked);
}

function translate(
  problem: z.core.$ZodIssue,
  section: SectionName,
  root: RawMap,
  excerpts: Excerpts,
): readonly ConfigIssue[] {
  const path = [
    section,
    ...problem.path.map((part) => (typeof part === 'number' ? part : String(part))),
  ];
  if (problem.code === 'unrecognized_keys') {
    return problem.keys.map((key) => unknownKey(root, path, key, excerpts));
  }
  const text = pathText(path);
  const node = rawAt(root, path);
  const schema = schemaAt(configSchema, path);
  const isNotYet = problem.code === 'custom' && problem.params?.['isNotYet'] === true;
  return [
    issue({
      code: isNotYet ? 'not-available' : 'invalid-value',
      path: text,
      origin: node?.origin ?? nearestOrigin(root, path),
      found: isSectionSchema(schema) ? undefined : foundText(node, text),
      problem: problemText(problem, schema, node === undefined),
      suggestion: isNotYet ? undefined : choiceSuggestion(node, schema, text),
    }),
  ];
}

/** A text where a mapping belongs may be anything, a secret too. */
function isSectionSchema(schema: z.core.$ZodType | undefined): boolean {
  const bare = schema === undefined ? undefined : bareSchema(schema);
  return bare instanceof z.ZodObject || bare instanceof z.ZodRecord;
}

function problemText(
  problem: z.core.$ZodIssue,
  schema: z.core.$ZodType | undefined,
  isMissing: boolean,
): string {
  const inner = problem.code === 'invalid_key' ? problem.issues[0]?.message : undefined;
  const message = inner ?? problem.message;
  if (!stockMessage.test(message)) return message;
  const expected = `expected ${schema === undefined ? 'something else' : expectedText(schema)}`;
  return isMissing ? `is missing; ${expected}` : expected;
}

function nearestOrigin(root: RawMap, path: readonly (string | number)[]): Origin | undefined {
  for (let length = path.length - 1; length > 0; length--) {
    const node = rawAt(root, path.slice(0, length));
    if (node !== undefined) return node.origin;
  }
  return undefined;
}

function choiceSuggestion(
  node: Raw | undefined,
  schema: z.core.$ZodType | undefined,
  path: string,
): string | undefined {
  const bare = schema === undefined ? undefined : bareSchema(schema);
  if (node?.kind !== 'scalar' || !(bare instanceof z.ZodEnum) || isSecret(path)) return undefined;
  const near = nearest(node.written, bare.options.map(String));
  return near === undefined ? undefined : `"${near}"`;
}

function unknownKey(
  root: RawMap,
  path: readonly (string | number)[],
  key: string,
  excerpts: Excerpts,
): ConfigIssue {
  const parent = path.length === 0 ? root : rawAt(root, path);
  const origin = parent?.kind === 'map' ? parent.entries.get(key)?.keyOrigin : undefined;
  const suggestion = keySuggestion(path, key);
  return issue({
    code: 'unknown-key',
    path: pathText([...path, key]),
    origin,
    problem: 'unknown key',
    suggestion: suggestion === undefined ? undefined : `"${suggestion}"`,
    excerpt: origin === undefined ? undefined : excerpts(origin, key.length),
  });
}

/** A sibling that is nearly it, else a key of exactly this name in another section. */
function keySuggestion(path: readonly (string | number)[], key: string): string | undefined {
  const schema = schemaAt(configSchema, path);
  const bare = schema === undefined ? undefined : bareSchema(schema);
  const siblings = bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
  const near = nearest(key, siblings);
  if (near !== undefined) return near;
  return settings.find(({ path: known }) => bareKey(known.split('.').at(-1) ?? '') === bareKey(key))
    ?.path;
}
