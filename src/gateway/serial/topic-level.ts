/**
 * Text of a device as one topic level. A device is an untrusted client: its ids and field names must
 * neither leave their level nor be taken for wildcards. The escape is reversible (but for a lone NUL, which
 * reads back as the empty text) and leaves the colons of a MAC address alone.
 */

/** Characters, before escaping. */
export const levelCharactersMax = 256;

/** Cc: U+0000 to U+001F and U+007F to U+009F. */
const unsafe = /[%/+#\p{Cc}]/gu;

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/**
 * `%`, `/`, `+`, `#` and control characters become `%XX`, a leading `$` becomes `%24`, the empty text `%00`.
 * @returns undefined when the text has more than 256 characters.
 */
export function escapeTopicLevel(text: string): string | undefined {
  if (text === '') return '%00';
  if (text.length > levelCharactersMax && [...text].length > levelCharactersMax) return undefined;
  const escaped = text.replace(unsafe, escapeCharacter);
  return escaped.startsWith('$') ? `%24${escaped.slice(1)}` : escaped;
}

/** The text that `escapeTopicLevel` was given. */
export function unescapeTopicLevel(level: string): string {
  if (level === '%00') return '';
  return level.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
