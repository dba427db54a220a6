/**
 * JSON as `mosquitto_sub -F %j` and `%J` print it, byte for byte, on strings with one character per byte.
 *
 * `JSON.parse` and `JSON.stringify` would not do: they lose repeated names, reorder names that look like
 * numbers, replace bytes that are no UTF-8, and print other numbers and white space than the library
 * behind mosquitto_sub (cJSON), whose habits scripts have come to rely on. Its parser forgives some things
 * (control characters in strings, leading zeros), so this one does too.
 */

/** Text with one character (U+0000 to U+00FF) for each byte. */
export type ByteText = string;

export type JsonValue =
  | { readonly kind: 'text'; readonly text: ByteText }
  | { readonly kind: 'array'; readonly items: readonly JsonValue[] }
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] };

export type JsonMember = readonly [name: ByteText, value: JsonValue];

/** A string; it ends at the first U+0000, as strings in C do. */
export function jsonString(value: ByteText): JsonValue {
  return { kind: 'text', text: quoted(value) };
}

export function jsonNumber(value: number): JsonValue {
  return { kind: 'text', text: printNumber(value) };
}

export const jsonNull: JsonValue = { kind: 'text', text: 'null' };

/** `isPretty`: one member a line, indented with tabs. `depth` is that of the surrounding object. */
export function printJson(value: JsonValue, isPretty: boolean, depth = 0): ByteText {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'array': {
      const items = value.items.map((item) => printJson(item, isPretty, depth + 1));
      return `[${items.join(isPretty ? ', ' : ',')}]`;
    }
    case 'object':
      return printObject(value.members, isPretty, depth);
  }
}

/** The value, or undefined when the text is not JSON. */
export function parseJson(text: ByteText): JsonValue | undefined {
  return new JsonParser(text).parse();
}

function printObject(members: readonly JsonMember[], isPretty: boolean, depth: number): ByteText {
  const gap = isPretty ? '\t' : '';
  const lineEnd = isPretty ? '\n' : '';
  const indent = gap.repeat(depth + 1);
  const lines = members.map(
    ([name, value]) => `${indent}${quoted(name)}:${gap}${printJson(value, isPretty, depth + 1)}`,
  );
  const last = lines.length === 0 ? '' : lineEnd;
  return `{${lineEnd}${lines.join(`,${lineEnd}`)}${last}${gap.repeat(depth)}}`;
}

const shortEscapes = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function quoted(value: ByteText): ByteText {
  const end = value.indexOf('\0');
  const text = end === -1 ? value : value.slice(0, end);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  const escaped = text.replace(/["\\\x01-\x1f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return shortEscapes.get(character) ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}

/** Integers of 32 bits as such, others with 15 digits where that is close enough, else with 17. */
function printNumber(value: number): ByteText {
  if (!Number.isFinite(value)) return 'null';
  if (Object.is(value, -0)) return '-0';
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return String(value);
  const short = generalNotation(value, 15);
  const read = Number(short);
  const tolerance = Math.max(Math.abs(read), Math.abs(value)) * Number.EPSILON;
  return Math.abs(read - value) <= tolerance ? short : generalNotation(value, 17);
}

/** `%.{digits}g` of printf(3). */
function generalNotation(value: number, digits: number): string {
  const [mantissa = '', exponentText = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < digits) {
    return withoutTrailingZeros(value.toFixed(digits - 1 - exponent));
  }
  const sign = exponent < 0 ? '-' : '+';
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${withoutTrailingZeros(mantissa)}e${sign}${size}`;
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const nestingMax = 1000;
const numberCharacters = /[-+0-9eE.]{1,63}/y;
const numberStart = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/;
const escapedCharacters = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
]);

class NotJson extends Error {}

class JsonParser {
  readonly #text: ByteText;
  #at: number;
  #depth = 0;

  constructor(text: ByteText) {
    this.#text = text;
    this.#at = text.startsWith('\xef\xbb\xbf') ? 3 : 0;
  }

  parse(): JsonValue | undefined {
    if (this.#text.includes('\0')) return undefined;
    try {
      this.#skipSpace();
      const value = this.#value();
      this.#skipSpace();
      return this.#at === this.#text.length ? value : undefined;
    } catch (error) {
      if (error instanceof NotJson) return undefined;
      throw error;
    }
  }

  #value(): JsonValue {
    for (const word of ['null', 'false', 'true']) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return { kind: 'text', text: word };
      }
    }
    switch (this.#text[this.#at]) {
      case '"':
        return jsonString(this.#string());
      case '[':
        return this.#array();
      case '{':
        return this.#object();
      default:
        return this.#number();
    }
  }

  #number(): JsonValue {
    numberCharacters.lastIndex = this.#at;
    const candidate = numberCharacters.exec(this.#text)?.[0] ?? '';
    const number = numberStart.exec(candidate)?.[0];
    if (number === undefined) throw new NotJson();
    this.#at += number.length;
    return jsonNumber(Number(number));
  }

  #array(): JsonValue {
    const items: JsonValue[] = [];
    this.#list(']', () => items.push(this.#value()));
    return { kind: 'array', items };
  }

  #object(): JsonValue {
    const members: JsonMember[] = [];
    this.#list('}', () => {
      const name = this.#string();
      this.#skipSpace();
      this.#expect(':');
      this.#skipSpace();
      members.push([name, this.#value()]);
    });
    return { kind: 'object', members };
  }

  #list(end: string, element: () => void): void {
    if (++this.#depth > nestingMax) throw new NotJson();
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] !== end) {
      for (;;) {
        element();
        this.#skipSpace();
        if (this.#text[this.#at] !== ',') break;
        this.#at++;
        this.#skipSpace();
      }
    }
    this.#expect(end);
    this.#depth--;
  }

  #string(): ByteText {
    this.#expect('"');
    let value = '';
    for (;;) {
      const character = this.#text[this.#at++];
      if (character === undefined) throw new NotJson();
      if (character === '"') return value;
      value += character === '\\' ? this.#escape() : character;
    }
  }

  #escape(): ByteText {
    const character = this.#text[this.#at++] ?? '';
    if (character !== 'u') {
      const escaped = escapedCharacters.get(character);
      if (escaped === undefined) throw new NotJson();
      return escaped;
    }
    const unit = this.#hexUnit();
    if (unit < 0xd800 || unit > 0xdfff) return utf8(String.fromCharCode(unit));
    const isPair = unit < 0xdc00 && this.#text.startsWith('\\u', this.#at);
    if (!isPair) throw new NotJson();
    this.#at += 2;
    const low = this.#hexUnit();
    if (low < 0xdc00 || low > 0xdfff) throw new NotJson();
    return utf8(String.fromCharCode(unit, low));
  }

  #hexUnit(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new NotJson();
    this.#at += 4;
    return Number.parseInt(digits, 16);
  }

  #expect(character: string): void {
    if (this.#text[this.#at++] !== character) throw new NotJson();
  }

  #skipSpace(): void {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++;
  }
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): ByteText {
  return Buffer.from(text).toString('latin1');
}
