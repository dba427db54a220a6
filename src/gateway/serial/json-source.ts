/**
 * Reads JSON (RFC 8259) without building it: checks the text and says where each value begins and ends, so
 * that a value can be passed on in the very characters it was sent in. `JSON.parse` would turn `25.50` into
 * 25.5 and 12345678901234567890 into another number, and `JSON.stringify` throws on deep nesting that
 * `JSON.parse` accepts. Everything here is one pass without recursion; nothing throws.
 *
 * Positions are string indices. A function that finds no valid JSON answers -1 (or undefined).
 */

/** A member of an object: its decoded key and where its value stands. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** @returns the first position at or after `start` that is not JSON white space. */
export function skipWhitespace(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0x0a) return at;
    at += 1;
  }
}

function skipDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** @returns the position behind the string literal that begins at `start`, or -1. */
function scanString(text: string, start: number): number {
  if (text.charCodeAt(start) !== quote) return -1;
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code < 0x20) return -1;
    if (code !== backslash) continue;
    at += 1;
    if (text[at] === 'u') {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return -1;
      at += 4;
    } else if (!'"\\/bfnrt'.includes(text[at] ?? ' ')) return -1;
  }
  return -1;
}

function scanNumber(text: string, start: number): number {
  let at = start;
  if (text[at] === '-') at += 1;
  const integer = at;
  at = skipDigits(text, integer);
  if (at === integer || (text[integer] === '0' && at > integer + 1)) return -1;
  if (text[at] === '.') {
    const fraction = at + 1;
    at = skipDigits(text, fraction);
    if (at === fraction) return -1;
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at += 1;
    if (text[at] === '+' || text[at] === '-') at += 1;
    const exponent = at;
    at = skipDigits(text, exponent);
    if (at === exponent) return -1;
  }
  return at;
}

function scanScalar(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === quote) return scanString(text, start);
  if (code === 0x2d || isDigit(code)) return scanNumber(text, start);
  for (const literal of ['true', 'false', 'null']) {
    if (text.startsWith(literal, start)) return start + literal.length;
  }
  return -1;
}

/** Reads `"key" :` and the white space around it. @returns where the value begins, or -1. */
function scanKey(text: string, start: number): number {
  const end = scanString(text, start);
  if (end === -1) return -1;
  const colon = skipWhitespace(text, end);
  return text[colon] === ':' ? skipWhitespace(text, colon + 1) : -1;
}

/**
 * Checks the value that begins at `start` (no white space before it).
 * @returns the position behind it, or -1 when it is not JSON.
 */
export function scanValue(text: string, start: number): number {
  /** The closing characters still owed, innermost last. */
  const closers: number[] = [];
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === openBrace || code === openBracket) {
      const closer = code === openBrace ? closeBrace : closeBracket;
      at = skipWhitespace(text, at + 1);
      if (text.charCodeAt(at) !== closer) {
        closers.push(closer);
        if (closer === closeBrace) at = scanKey(text, at);
        if (at === -1) return -1;
        continue;
      }
      at += 1;
    } else {
      at = scanScalar(text, at);
      if (at === -1) return -1;
    }
    at = afterValue(text, at, closers);
    if (at === -1 || closers.length === 0) return at;
  }
}

/** Closes what ends behind a value. @returns where the next value begins, or the end of the outermost one. */
function afterValue(text: string, start: number, closers: number[]): number {
  let at = start;
  while (closers.length > 0) {
    const closer = closers[closers.length - 1];
    at = skipWhitespace(text, at);
    const code = text.charCodeAt(at);
    if (code === comma) {
      at = skipWhitespace(text, at + 1);
      return closer === closeBrace ? scanKey(text, at) : at;
    }
    if (code !== closer) return -1;
    closers.pop();
    at += 1;
  }
  return at;
}

/**
 * Cuts the object that begins at `start` into its members, in source order, duplicates included.
 * @returns undefined when it is not a JSON object; `end` is the position behind it.
 */
export function cutMembers(
  text: string,
  start: number,
): { readonly members: Member[]; readonly end: number } | undefined {
  if (text.charCodeAt(start) !== openBrace) return undefined;
  const members: Member[] = [];
  let at = skipWhitespace(text, start + 1);
  if (text.charCodeAt(at) === closeBrace) return { members, end: at + 1 };
  for (;;) {
    const valueStart = scanKey(text, at);
    if (valueStart === -1) return undefined;
    const end = scanValue(text, valueStart);
    if (end === -1) return undefined;
    members.push({ key: decodeString(text, at, scanString(text, at)), start: valueStart, end });
    at = skipWhitespace(text, end);
    const code = text.charCodeAt(at);
    if (code === closeBrace) return { members, end: at + 1 };
    if (code !== comma) return undefined;
    at = skipWhitespace(text, at + 1);
  }
}

/** The text that the string literal at `start` to `end` stands for; the literal must have been checked. */
export function decodeString(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  if (!inner.includes('\\')) return inner;
  return String(JSON.parse(text.slice(start, end)));
}
