/**
 * Output formats of `linnet sub -F`, the same sequences with the same result as mosquitto_sub's: `%` for
 * what belongs to the message, `@` for strftime, `\` for characters. A format is read once and then
 * applied to each message. All widths count bytes, so text is kept with one character per byte until
 * the end.
 */
import type { PublishPacket } from '../packet/index.ts';
import { type ByteText, jsonNull, jsonString, parseJson, printJson, utf8 } from './format-json.ts';
import { messageJson } from './format-message-json.ts';
import { isoTime, strftime } from './format-time.ts';

/** The format string cannot be used; the message is for the user. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** The flags, width and precision between `%` and its letter. */
interface Field {
  readonly isLeft: boolean;
  readonly pad: string;
  readonly width: number;
  readonly precision: number | undefined;
}

interface Context {
  readonly packet: PublishPacket;
  readonly time: Date;
  readonly isPretty: boolean;
  /** Told of a payload that cannot be printed as asked. */
  readonly complain: (sentence: string) => void;
}

type Segment = (context: Context) => ByteText;

export interface MessageFormatOptions {
  /** `%j` and `%J` indented. */
  readonly isPretty: boolean;
  readonly complain: (sentence: string) => void;
}

export class MessageFormat {
  readonly #segments: readonly Segment[];
  readonly #options: MessageFormatOptions;

  /** @throws {FormatError} */
  constructor(format: string, options: MessageFormatOptions) {
    this.#segments = readFormat(format);
    this.#options = options;
  }

  /** The bytes for one message, without a line end. */
  print(packet: PublishPacket, time: Date): Buffer {
    const context = { packet, time, ...this.#options };
    return Buffer.from(this.#segments.map((segment) => segment(context)).join(''), 'latin1');
  }
}

const sequence = /%(-?)(\d*)(?:\.(\d*))?(.)?|@(.)?|\\(.)?|([^%@\\]+)/gsu;

const escapes = new Map([
  ['\\', '\\'],
  ['0', '\0'],
  ['a', '\x07'],
  ['e', '\x1b'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

function readFormat(format: string): Segment[] {
  return Array.from(
    format.matchAll(sequence),
    ([text, left, width, precision, letter, conversion, character]) => {
      if (text.startsWith('%')) return parameter(letter, left ?? '', width ?? '', precision);
      if (text.startsWith('@')) return timeParameter(conversion);
      if (text.startsWith('\\')) return escaped(character);
      const literal = utf8(text);
      return () => literal;
    },
  );
}

function parameter(
  letter: string | undefined,
  left: string,
  width: string,
  precision: string | undefined,
): Segment {
  if (letter === undefined) throw new FormatError('Incomplete format specifier.');
  const print = parameters[letter];
  if (print === undefined) throw new FormatError(`Invalid format specifier '${letter}'.`);
  const field: Field = {
    isLeft: left === '-',
    pad: width.startsWith('0') ? '0' : ' ',
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
  };
  return (context) => print(context, field);
}

function timeParameter(conversion: string | undefined): Segment {
  if (conversion === undefined) throw new FormatError('Incomplete format specifier.');
  if (conversion === '@') return () => '@';
  if (conversion === 'N') return ({ time }) => nanoseconds(time);
  return ({ time }) => utf8(strftime(conversion, time));
}

function escaped(character: string | undefined): Segment {
  if (character === undefined) throw new FormatError('Incomplete escape specifier.');
  const value = escapes.get(character);
  if (value === undefined) throw new FormatError(`Invalid escape specifier '${character}'.`);
  return () => value;
}

const parameters: Readonly<Record<string, (context: Context, field: Field) => ByteText>> = {
  '%': () => '%',
  A: ({ packet }, field) => optionalNumber(packet.properties?.topicAlias, field),
  C: ({ packet }, field) => {
    const { contentType } = packet.properties ?? {};
    return contentType === undefined ? ' '.repeat(field.width) : string(utf8(contentType), field);
  },
  D: ({ packet }) => bytes(packet.properties?.correlationData ?? new Uint8Array(0)),
  E: ({ packet }, field) => optionalNumber(packet.properties?.messageExpiryInterval, field),
  F: ({ packet }, field) => optionalNumber(packet.properties?.payloadFormatIndicator, field),
  I: ({ time }, field) => string(isoTime(time), field),
  j: ({ packet, time, isPretty }) => {
    const payload = packet.payload.length === 0 ? jsonNull : jsonString(bytes(packet.payload));
    return printJson(messageJson(packet, time, payload), isPretty);
  },
  J: parsedJson,
  l: ({ packet }, field) => number(packet.payload.length, field),
  m: ({ packet }, field) => number(packet.packetId, field),
  P: ({ packet }) => {
    const pairs = packet.properties?.userProperties ?? [];
    return utf8(pairs.map(([name, value]) => `${name}:${value}`).join(' '));
  },
  p: ({ packet }, field) => payload(packet.payload, field, 1, bytes),
  q: ({ packet }) => String(packet.qos),
  R: ({ packet }, field) => {
    const { responseTopic } = packet.properties ?? {};
    return responseTopic === undefined ? '' : string(utf8(responseTopic), field);
  },
  r: ({ packet }) => (packet.retain ? '1' : '0'),
  S: ({ packet }, field) => optionalNumber(packet.properties?.subscriptionIdentifiers?.[0], field),
  t: ({ packet }, field) => string(utf8(packet.topicName), field),
  U: ({ time }) => `${strftime('s', time)}.${nanoseconds(time)}`,
  x: ({ packet }, field) => payload(packet.payload, field, 2, hex),
  X: ({ packet }, field) => payload(packet.payload, field, 2, (part) => hex(part).toUpperCase()),
};

function parsedJson({ packet, time, isPretty, complain }: Context): ByteText {
  const value = packet.payload.length === 0 ? jsonNull : parseJson(bytes(packet.payload));
  if (value === undefined) {
    complain(`Message payload is not valid JSON on topic ${packet.topicName}.`);
    return '';
  }
  return printJson(messageJson(packet, time, value), isPretty);
}

/** `%d` of printf(3): above 2,147,483,647 the number turns negative, there as here. */
function number(value: number, field: Field): ByteText {
  const text = String(value | 0);
  if (field.isLeft) return text.padEnd(field.width);
  const isNegativePadded = field.pad === '0' && text.startsWith('-');
  if (!isNegativePadded) return text.padStart(field.width, field.pad);
  return `-${text.slice(1).padStart(field.width - 1, '0')}`;
}

function optionalNumber(value: number | undefined, field: Field): ByteText {
  return value === undefined ? field.pad.repeat(field.width) : number(value, field);
}

function string(value: ByteText, field: Field): ByteText {
  const cut = value.slice(0, field.precision);
  return field.isLeft ? cut.padEnd(field.width) : cut.padStart(field.width);
}

/** A width is the most as well as the least for a payload; without one, `-` doubles the length with blanks. */
function payload(
  value: Uint8Array,
  field: Field,
  charactersPerByte: number,
  print: (part: Uint8Array) => ByteText,
): ByteText {
  if (field.width === 0) {
    return print(value) + (field.isLeft ? ' '.repeat(value.length) : '');
  }
  const count = Math.floor(Math.min(value.length, field.width) / charactersPerByte);
  const text = print(value.subarray(0, count));
  return field.isLeft ? text.padEnd(field.width) : text.padStart(field.width, field.pad);
}

function bytes(value: Uint8Array): ByteText {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
}

function hex(value: Uint8Array): ByteText {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex');
}

function nanoseconds(time: Date): string {
  return `${String(time.getMilliseconds()).padStart(3, '0')}000000`;
}
