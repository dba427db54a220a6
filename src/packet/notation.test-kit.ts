/**
 * The notation of the test packets: bytes as hexadecimal digits, and four shorthands for what would
 * otherwise be counted by hand.
 *
 *   'a/b'      UTF-8 Encoded String: two bytes of length, then the text
 *   "hello"    the bytes of the text alone
 *   { 21 0014 }  a property list: its length, then what is inside
 *   ~          the Remaining Length of the packet: of everything behind it
 */
import type { MqttVersion, Packet } from './index.ts';

export const v31: readonly MqttVersion[] = [3];
export const v311: readonly MqttVersion[] = [4];
export const v3: readonly MqttVersion[] = [3, 4];
export const v5: readonly MqttVersion[] = [5];
export const anyVersion: readonly MqttVersion[] = [3, 4, 5];

interface TestCase {
  /** A sentence that begins with the statements it shows. */
  readonly name: string;
  readonly versions: readonly MqttVersion[];
  readonly from: 'client' | 'server' | 'both';
  /** In the notation above. */
  readonly bytes: string;
}

export interface TestPacket extends TestCase {
  readonly packet: Packet;
  /** The bytes that encoding the packet gives, where they are not the same. */
  readonly encodesAs?: string;
}

export interface RefusedPacket extends TestCase {
  readonly reasonCode: number;
}

const versionsByLabel: ReadonlyMap<string, readonly MqttVersion[]> = new Map([
  ['3.1', v31],
  ['3.1.1', v311],
  ['3.x', v3],
  ['5', v5],
  ['all', anyVersion],
]);

/**
 * Reads a table of packets that are refused: a line that says what is wrong, beginning with the
 * statements, and under it, indented, a line for each packet: versions, Reason Code, bytes.
 */
export function refusedTable(from: RefusedPacket['from'], table: string): RefusedPacket[] {
  const packets: RefusedPacket[] = [];
  let fault = '';
  for (const line of table.split('\n').filter((each) => each.trim() !== '')) {
    if (!line.startsWith(' ')) {
      fault = line;
      continue;
    }
    const [, label = '', code, bytes = ''] = /^ +(\S+) +(0x\w\w) +(.*)$/.exec(line) ?? [];
    const versions = versionsByLabel.get(label);
    if (versions === undefined) throw new Error(`Not a row of a table: ${line}`);
    const name = `${fault} is refused (${label})`;
    packets.push({ name, versions, from, bytes, reasonCode: Number(code) });
  }
  return packets;
}

const encoder = new TextEncoder();

/** The bytes that a text in the notation stands for. */
export function parseBytes(notation: string): Uint8Array {
  const at = notation.indexOf('~');
  if (at < 0) return Uint8Array.from(parsePart(notation));
  const body = parsePart(notation.slice(at + 1));
  return Uint8Array.from([...parsePart(notation.slice(0, at)), ...varint(body.length), ...body]);
}

function parsePart(notation: string): number[] {
  const lists: number[][] = [[]];
  for (const [token] of notation.matchAll(/'[^']*'|"[^"]*"|[{}]|(?:[0-9a-fA-F]{2})+|\S/g)) {
    const bytes = lists.at(-1) ?? [];
    const text = encoder.encode(token.slice(1, -1));
    if (token.startsWith("'")) bytes.push(text.length >> 8, text.length & 0xff, ...text);
    else if (token.startsWith('"')) bytes.push(...text);
    else if (token === '{') lists.push([]);
    else if (token === '}') {
      lists.pop();
      lists.at(-1)?.push(...varint(bytes.length), ...bytes);
    } else if (/^[0-9a-fA-F]{2}/.test(token)) {
      for (const [pair] of token.matchAll(/../g)) bytes.push(Number.parseInt(pair, 16));
    } else throw new Error(`Not in the notation: ${token} of ${notation}`);
  }
  if (lists.length !== 1) throw new Error(`A brace is not closed: ${notation}`);
  return lists[0] ?? [];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}

/** A copy in which an absent field and one that is `undefined` are the same. */
export function withoutUndefined(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.map(([key, field]) => [key, withoutUndefined(field)]));
}
