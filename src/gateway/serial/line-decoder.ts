/**
 * From the bytes of one line to a JSON object, or to the reason why there is none. What real devices send
 * besides clean lines is expected here: boot messages of a ROM before the first object, half lines that run
 * into the next one after an unplug, bytes of another baud rate.
 */
import { cutMembers, type Member, scanValue, skipWhitespace } from './json-source.ts';

export type DecodedLine =
  | { readonly kind: 'blank' }
  | {
      readonly kind: 'object';
      /** The object's own text, first to last brace; positions of `members` count from its beginning. */
      readonly text: string;
      readonly members: readonly Member[];
      /** Something before the object was thrown away. */
      readonly isSalvaged: boolean;
    }
  /** Text without any `{`: what devices print for people. */
  | { readonly kind: 'log_line'; readonly text: string }
  | { readonly kind: 'not_utf8' | 'bad_json' }
  /** Valid JSON, but no object: nothing can carry a sensor id. */
  | { readonly kind: 'no_sensor_id' };

/** How many times a line that is not JSON is tried again from a later `{`. */
const salvageAttemptsMax = 4;
const openBrace = 0x7b;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Strict decoding. @returns undefined when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    // The decoder has no other way to say "not UTF-8".
    return undefined;
  }
}

/** Whether the bytes are UTF-8 that may be cut in the middle of its last character. */
export function isUtf8Beginning(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    // As above.
    return false;
  }
}

export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function trimEnd(text: string): number {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text[end - 1] ?? '')) end -= 1;
  return end;
}

/** @param bytes one line without its end; not kept. */
export function decodeJsonLine(bytes: Uint8Array): DecodedLine {
  if (isBlank(bytes)) return { kind: 'blank' };
  let text = decodeUtf8(bytes);
  let isSalvaged = false;
  if (text === undefined) {
    const brace = bytes.indexOf(openBrace);
    text = brace === -1 ? undefined : decodeUtf8(bytes.subarray(brace));
    if (text === undefined) return { kind: 'not_utf8' };
    isSalvaged = true;
  }
  const end = trimEnd(text);
  let start = skipWhitespace(text, 0);
  const whole = objectBetween(text, start, end, isSalvaged);
  if (whole !== undefined) return whole;
  if (!text.startsWith('{', start) && scanValue(text, start) === end) {
    return { kind: 'no_sensor_id' };
  }
  if (!text.includes('{')) return { kind: 'log_line', text: text.slice(start, end) };
  if (!text.startsWith('{', start)) start -= 1;
  for (let attempt = 0; attempt < salvageAttemptsMax; attempt += 1) {
    start = text.indexOf('{', start + 1);
    if (start === -1) break;
    const salvaged = objectBetween(text, start, end, true);
    if (salvaged !== undefined) return salvaged;
  }
  return { kind: 'bad_json' };
}

function objectBetween(
  text: string,
  start: number,
  end: number,
  isSalvaged: boolean,
): DecodedLine | undefined {
  const own = start === 0 && end === text.length ? text : text.slice(start, end);
  const cut = cutMembers(own, 0);
  if (cut === undefined || cut.end !== own.length) return undefined;
  return { kind: 'object', text: own, members: cut.members, isSalvaged };
}
