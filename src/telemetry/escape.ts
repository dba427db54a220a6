/**
 * Text that came from a client and is shown to a person. A Client Identifier or Topic Name may hold line
 * feeds, terminal sequences or characters that turn the reading direction: shown as they are, a client
 * could write log lines of its own or hide parts of real ones. So every character without a glyph is
 * shown as an escape sequence. Refusing such names would not do: they are valid MQTT.
 */

/** Controls, format characters (bidi, zero width), line separators and lone surrogates. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** What a payload may keep: it is shown as the lines it has. */
const terminalControl = /(?![\n\t])\p{Cc}/gu;
const needsQuotes = /[\s"'=\\]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** Valid in JSON as they are, but some terminals obey them and some readers take them for line ends. */
const jsonUnsafe = /[\p{Cf}\p{Zl}\p{Zp}]|(?![\n])\p{Cc}/gu;

const shortForms: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  const short = shortForms[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** One line without anything invisible in it; backslashes that were there stay as they are. */
export function escapeLine(text: string): string {
  return text.replace(invisible, escapeCharacter);
}

/** As `escapeLine`, but line feeds and tabs stay. */
export function escapeBody(text: string): string {
  return text.replace(terminalControl, escapeCharacter);
}

/** The value of `key=value`: bare where that is unambiguous, else in double quotes. */
export function quoteValue(text: string): string {
  if (text !== '' && !needsQuotes.test(text)) return text;
  return `"${escapeLine(text.replace(/["\\]/g, '\\$&'))}"`;
}

/** The same JSON with every invisible character as `\uXXXX`; the final line feed stays. */
export function escapeJsonLine(json: string): string {
  return json.replace(jsonUnsafe, (character) =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** At most `unitsMax` UTF-16 units, and how many are missing. Never half a surrogate pair. */
export function shorten(text: string, unitsMax: number): string {
  if (text.length <= unitsMax) return text;
  const last = text.charCodeAt(unitsMax - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? unitsMax - 1 : unitsMax;
  return `${text.slice(0, end)}…(+${text.length - end})`;
}
