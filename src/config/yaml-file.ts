/**
 * Reads `linnet.yaml` (or JSON, which is YAML) into a tree with positions. `${VARIABLE}` in a value is
 * replaced, `$${` stays as `${`. Excerpts for messages never show a secret: the values of keys that sound
 * like one are starred out, comments are left out, and where the file is no YAML at all no line that might
 * hold a secret is shown.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type ConfigIssue, type Excerpt, issue } from './config-error.ts';
import type { Origin } from './origin.ts';
import { emptyMap, type Raw, type RawMap } from './raw.ts';
import { bareKey, editDistance } from './suggestion.ts';

export interface YamlFile {
  /** undefined when the text is no YAML or no mapping; the issues say why. */
  readonly root: RawMap | undefined;
  readonly issues: readonly ConfigIssue[];
  excerpt(line: number, column: number, length: number): Excerpt;
}

/** Answers what `${NAME}` stands for; undefined when it is not set. */
export type VariableLookup = (name: string) => string | undefined;

/** Aliases (`*name`) followed in one file; more would only be a way to fill memory. */
const aliasesMax = 100;

/** @param name the file as it is called in messages */
export function parseYamlFile(text: string, name: string, lookup: VariableLookup): YamlFile {
  return new YamlReader(text, name, lookup).read();
}

/** A key whose value must not be shown, even when the key is mistyped. */
export function soundsSecret(key: string): boolean {
  const bare = bareKey(key);
  return (
    /pass|secret|token|credential|pwd|apikey|privatekey/.test(bare) ||
    editDistance(bare, 'password') <= 2
  );
}

class YamlReader {
  readonly #text: string;
  readonly #name: string;
  readonly #lookup: VariableLookup;
  readonly #lines = new LineCounter();
  readonly #issues: ConfigIssue[] = [];
  readonly #secretRanges: (readonly [start: number, end: number])[] = [];
  #aliasesFollowed = 0;
  #resolveAlias: (alias: Alias) => unknown = () => undefined;

  constructor(text: string, name: string, lookup: VariableLookup) {
    this.#text = text;
    this.#name = name;
    this.#lookup = lookup;
  }

  read(): YamlFile {
    const document = parseDocument(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      logLevel: 'error',
    });
    for (const error of document.errors) {
      const origin = this.#originAt(error.pos[0]);
      const problem = syntaxTexts[error.code] ?? 'this is not valid YAML';
      const excerpt = this.#syntaxExcerpt(origin);
      this.#issues.push(issue({ code: 'syntax', path: '', origin, problem, excerpt }));
    }
    if (document.errors.length > 0) return this.#result(undefined);
    this.#resolveAlias = (alias) => alias.resolve(document);
    const { contents } = document;
    if (contents === null || (isScalar(contents) && contents.value === null)) {
      return this.#result(emptyMap(this.#originAt(0)));
    }
    if (isMap(contents)) return this.#result(this.#readMap(contents, 0, ''));
    const problem = 'the file must be a mapping of keys, such as "mqtt: { port: 1883 }"';
    const origin = this.#originAt(contents.range?.[0] ?? 0);
    this.#issues.push(issue({ code: 'syntax', path: '', origin, problem }));
    return this.#result(undefined);
  }

  #result(root: RawMap | undefined): YamlFile {
    return {
      root,
      issues: this.#issues,
      excerpt: (line, column, length) => this.#excerpt(line, column, length),
    };
  }

  #readNode(node: unknown, fallback: number, path: string): Raw {
    if (isAlias(node)) return this.#followAlias(node, fallback, path);
    if (isMap(node)) return this.#readMap(node, fallback, path);
    if (isSeq(node)) {
      const start = node.range?.[0] ?? fallback;
      const items = node.items.map((item, index) =>
        this.#readNode(item, start, `${path}[${index}]`),
      );
      return { kind: 'list', items, origin: this.#originAt(start) };
    }
    const start = isScalar(node) ? (node.range?.[0] ?? fallback) : fallback;
    const origin = this.#originAt(start);
    if (!isScalar(node)) return { kind: 'scalar', value: null, written: '', origin };
    const end = node.range?.[1] ?? start;
    const written = typeof node.value === 'string' ? node.value : this.#text.slice(start, end);
    const value =
      typeof node.value === 'string' ? this.#expand(node.value, origin, path) : node.value;
    return { kind: 'scalar', value, written, origin };
  }

  #readMap(map: YAMLMap, fallback: number, path: string): RawMap {
    const start = map.range?.[0] ?? fallback;
    const result = emptyMap(this.#originAt(start));
    for (const pair of map.items) {
      const keyStart = isScalar(pair.key) ? (pair.key.range?.[0] ?? start) : start;
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const below = path === '' ? key : `${path}.${key}`;
      const node = this.#readNode(pair.value, keyStart, below);
      if (soundsSecret(key)) this.#hide(pair.value);
      result.entries.set(key, { keyOrigin: this.#originAt(keyStart), node });
    }
    return result;
  }

  #followAlias(alias: Alias, fallback: number, path: string): Raw {
    this.#aliasesFollowed++;
    const start = alias.range?.[0] ?? fallback;
    if (this.#aliasesFollowed <= aliasesMax) {
      return this.#readNode(this.#resolveAlias(alias), start, path);
    }
    const origin = this.#originAt(start);
    if (this.#aliasesFollowed === aliasesMax + 1) {
      const problem = `more than ${aliasesMax} aliases (*name): write the values out`;
      this.#issues.push(issue({ code: 'syntax', path, origin, problem }));
    }
    return { kind: 'scalar', value: null, written: '', origin };
  }

  #hide(value: unknown): void {
    const range = isScalar(value) || isMap(value) || isSeq(value) ? value.range : undefined;
    if (range) this.#secretRanges.push([range[0], range[1]]);
  }

  /** null when a variable is not set: the key then counts as not written. */
  #expand(text: string, origin: Origin, path: string): string | null {
    let isComplete = true;
    const expanded = text.replaceAll(/\$?\$\{([^{}]*)\}/g, (whole, name: string) => {
      if (whole.startsWith('$$')) return whole.slice(1);
      const value = this.#lookup(name);
      if (value !== undefined) return value;
      isComplete = false;
      const problem = `the variable ${name} is not set`;
      const fix = `set ${name}, or write $$\{ for a plain $\{`;
      this.#issues.push(issue({ code: 'invalid-value', path, origin, found: whole, problem, fix }));
      return '';
    });
    return isComplete ? expanded : null;
  }

  #originAt(offset: number): Origin {
    const { line, col } = this.#lines.linePos(offset);
    return { source: 'file', name: this.#name, file: this.#name, line, column: col };
  }

  /** The line, and the one before it where that says something. */
  #excerpt(line: number, column: number, length: number): Excerpt {
    const shown = this.#shownLine(line);
    const before = line > 1 ? this.#shownLine(line - 1).text : '';
    const lines = before.trim() === '' ? [] : [{ number: line - 1, text: before }];
    lines.push({ number: line, text: shown.text });
    return { lines, caretColumn: shown.columnOf(column - 1), caretLength: length };
  }

  #shownLine(line: number): { text: string; columnOf: (column: number) => number } {
    const start = this.#lines.lineStarts[line - 1] ?? 0;
    const full = this.#text.slice(start).split(/\r?\n/, 1)[0] ?? '';
    const stars = '***';
    const moves: { readonly after: number; readonly by: number }[] = [];
    let text = '';
    let taken = 0;
    for (const [from, to] of this.#secretRanges.toSorted((a, b) => a[0] - b[0])) {
      const first = Math.max(0, from - start);
      const last = Math.min(full.length, to - start);
      if (first >= last || first < taken) continue;
      text += full.slice(taken, first) + stars;
      moves.push({ after: first, by: stars.length - (last - first) });
      taken = last;
    }
    text = (text + full.slice(taken)).replace(/(^|\s)#.*$/, '').replaceAll('\t', ' ');
    const columnOf = (column: number): number =>
      moves.reduce((moved, { after, by }) => (column > after ? moved + by : moved), column);
    return { text, columnOf };
  }

  /** Of a file that is no YAML nothing is known for sure: not shown where a secret may be near. */
  #syntaxExcerpt({ line = 1, column = 1 }: Origin): Excerpt | undefined {
    const near = this.#text.split(/\r?\n/).slice(Math.max(0, line - 6), line);
    const mayHoldSecret = near.some((text) => (text.match(/[\w-]+/g) ?? []).some(soundsSecret));
    return mayHoldSecret ? undefined : this.#excerpt(line, column, 1);
  }
}

/** Our own words: the parser's messages may quote what stands in the file. */
const syntaxTexts: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'this alias (*name) has no anchor (&name)',
  BAD_DQ_ESCAPE: 'unknown escape in a "double quoted" text; use \'single quotes\' for backslashes',
  BAD_INDENT: 'wrong indentation, or a bracket or brace before it is not closed',
  BAD_SCALAR_START: 'a text that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping within one line needs { braces }, or a ": " in a text needs quotes',
  DUPLICATE_KEY: 'this key is set twice in the same mapping',
  MISSING_CHAR: 'a quote, bracket, comma or ":" is missing here',
  MULTILINE_IMPLICIT_KEY: 'a ":" is missing after this key',
  MULTIPLE_DOCS: 'only one document is expected, without a second "---"',
  TAB_AS_INDENT: 'a tab: YAML is indented with spaces only',
  UNEXPECTED_TOKEN: 'this does not belong here',
};
