/** What the lines of an unknown device look like, and how the port should be configured for them. */
import { cutMembers } from './json-source.ts';
import { decodeJsonLine, decodeUtf8, isBlank } from './line-decoder.ts';

export type LookOfLines = 'json' | 'nmea' | 'csv' | 'text' | 'binary' | 'nothing';

export interface FramingGuess {
  readonly look: LookOfLines;
  /** Lines that have this look, of all that were read. */
  readonly matching: number;
  readonly lines: number;
  /** For JSON: the field that holds the sensor id; undefined when the objects have none. */
  readonly idField: string | undefined;
  /** One of the matching lines. */
  readonly example: string | undefined;
}

/** Names under which devices put their id, likeliest first. */
const idNames: readonly string[] = [
  'sensor_id',
  'id',
  'mac',
  'device_id',
  'deviceId',
  'sensorId',
  'sensor',
  'device',
  'node',
  'name',
];

/** @param lines whole lines without their ends. @param idField looked for first. */
export function guessFraming(lines: readonly Uint8Array[], idField: string): FramingGuess {
  const counts = new Map<LookOfLines, number>();
  const examples = new Map<LookOfLines, string>();
  const idFields = new Map<string, number>();
  const full = lines.filter((line) => !isBlank(line));
  for (const line of full) {
    const look = lookOf(line);
    counts.set(look, (counts.get(look) ?? 0) + 1);
    const text = Buffer.from(line).toString('utf8');
    examples.set(look, text);
    if (look !== 'json') continue;
    for (const name of fieldsOf(line)) idFields.set(name, (idFields.get(name) ?? 0) + 1);
  }
  const best = [...counts].sort((one, other) => other[1] - one[1])[0];
  if (best === undefined) {
    return { look: 'nothing', matching: 0, lines: 0, idField: undefined, example: undefined };
  }
  // Boot messages may outnumber the first objects: a device that sends objects is a JSON device.
  const json = counts.get('json') ?? 0;
  const look = json > 0 ? 'json' : best[0];
  return {
    look,
    matching: counts.get(look) ?? 0,
    lines: full.length,
    idField: [idField, ...idNames].find((name) => (idFields.get(name) ?? 0) * 2 > json),
    example: examples.get(look),
  };
}

function lookOf(line: Uint8Array): LookOfLines {
  const text = decodeUtf8(line);
  if (text === undefined) return 'binary';
  if (decodeJsonLine(line).kind === 'object') return 'json';
  if (/^[$!][A-Z]{4,6},.*\*[0-9A-Fa-f]{2}\s*$/.test(text)) return 'nmea';
  if (/^[^,;]+([,;][^,;]*){1,}$/.test(text) && /\d/.test(text)) return 'csv';
  return 'text';
}

/** Fields of an object whose value can be an id: text or a number. */
function fieldsOf(line: Uint8Array): string[] {
  const decoded = decodeJsonLine(line);
  if (decoded.kind !== 'object') return [];
  const members = cutMembers(decoded.text, 0)?.members ?? [];
  return members
    .filter(({ start }) => /["\-\d]/.test(decoded.text[start] ?? ''))
    .map(({ key }) => key);
}
