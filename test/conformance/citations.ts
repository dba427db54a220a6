/**
 * Which tests show which statement: read from the names of tests.
 *
 * A test shows a statement when its name holds the number, `[MQTT-3.3.1-6]` or `[MQTT3-3.3.1-6]` for
 * 3.1.1; several may stand side by side or in one bracket. The source is read, not run: tests that need
 * an outside program count on every machine, and nothing has to be registered. What counts is
 *
 * - the first string handed to `test`, `it`, `describe` or `suite` (not to `.skip` or `.todo`), and
 * - any other string, or line of one, that begins with such a number: names of tests that come from a
 *   table, or that are handed to a function which makes the tests.
 *
 * A real parser was rejected: it would be the only dependency of this kind, and strings, comments and
 * regular expressions can be told apart with a few rules.
 */

/** A test's name with the statements it shows. */
export type Citation = {
  readonly name: string;
  /** As written: `MQTT-3.3.1-6` or `MQTT3-3.3.1-6`. */
  readonly ids: readonly string[];
};

/** `[MQTT-3.3.1-5]`, `[MQTT3-3.3.1-5, MQTT3-3.3.1-6]` */
const BRACKET = /\[\s*(MQTT3?-\d+\.\d+\.\d+-\d+(?:\s*,\s*MQTT3?-\d+\.\d+\.\d+-\d+)*)\s*\]/g;
const ID = /MQTT3?-\d+\.\d+\.\d+-\d+/g;
const TEST_CALL = /\b(?:test|it|describe|suite)\s*(?:\.\s*only\s*)?\(\s*$/;
const OMITTED_CALL = /\b(?:test|it|describe|suite)\s*\.\s*(?:skip|todo)\s*\(\s*$/;

/** Characters after which a slash begins a regular expression and not a division. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in))\s*$/;

/** Finds the citations in the source of one test file, in their order. */
export function citationsIn(source: string): Citation[] {
  const found: Citation[] = [];
  for (const { text, before } of stringsIn(source)) {
    if (OMITTED_CALL.test(before)) continue;
    for (const name of TEST_CALL.test(before) ? [text] : namesIn(text)) {
      const ids = idsIn(name);
      if (ids.length > 0) found.push({ name, ids });
    }
  }
  return found;
}

/** The lines of a string that begin with a number. */
function namesIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('[MQTT'));
}

function idsIn(text: string): string[] {
  return [...text.matchAll(BRACKET)].flatMap((bracket) => (bracket[1] ?? '').match(ID) ?? []);
}

type Literal = {
  readonly text: string;
  /** The code in front of it, comments left out, as far as it matters. */
  readonly before: string;
};

function* stringsIn(source: string): Generator<Literal, void, void> {
  let code = '';
  let at = 0;
  while (at < source.length) {
    const char = source[at] as string;
    const pair = source.slice(at, at + 2);
    if (pair === '//') {
      at = endOf(source, '\n', at);
    } else if (pair === '/*') {
      at = endOf(source, '*/', at + 2);
    } else if (char === '/' && BEFORE_REGEXP.test(code)) {
      at = regExpEnd(source, at);
      code = '0';
    } else if (char === "'" || char === '"' || char === '`') {
      const literal = readString(source, at);
      yield { text: literal.text, before: code };
      at = literal.end;
      code = '0';
    } else {
      code = (code + char).slice(-80);
      at++;
    }
  }
}

function endOf(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at + mark.length;
}

function regExpEnd(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at];
    if (char === '\n') return start + 1;
    if (char === '\\') at++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return source.length;
}

/** What stands in `${…}` becomes an ellipsis: it is known only when the test runs. */
function readString(source: string, start: number): { text: string; end: number } {
  const quote = source[start];
  let text = '';
  let at = start + 1;
  while (at < source.length && source[at] !== quote) {
    if (source[at] === '\\') {
      text += source.slice(at + 1, at + 2);
      at += 2;
    } else if (quote === '`' && source.startsWith('${', at)) {
      text += '…';
      at = substitutionEnd(source, at + 2);
    } else {
      text += source[at];
      at++;
    }
  }
  return { text, end: at + 1 };
}

function substitutionEnd(source: string, start: number): number {
  let depth = 1;
  let at = start;
  while (at < source.length && depth > 0) {
    const char = source[at] as string;
    if (char === '{') depth++;
    else if (char === '}') depth--;
    else if (char === "'" || char === '"' || char === '`') at = readString(source, at).end - 1;
    at++;
  }
  return at;
}
