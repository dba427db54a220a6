/**
 * From a JSON object to messages: which topic each field gets and which characters are its payload. A
 * field's payload is the source text of its value, so that `25.50` stays `25.50`; the `data` message is the
 * whole object as it was received. Keys live in Maps and arrays only: `__proto__` is an ordinary field.
 */
import { cutMembers, decodeString, type Member } from './json-source.ts';
import type { DecodedLine } from './line-decoder.ts';
import type { SerialPortOptions } from './options.ts';
import { escapeTopicLevel } from './topic-level.ts';

export interface MappedField {
  readonly topicName: string;
  readonly payload: string;
  /** Decoded keys from the outermost object inwards. */
  readonly path: readonly string[];
  readonly isNumber: boolean;
}

export interface MappedLine {
  readonly kind: 'mapped';
  /** The id as the device wrote it (a number: its source text). */
  readonly sensorId: string;
  /** The topic level made from it. */
  readonly sensorLevel: string;
  /** In source order, one for each topic. Empty when only `data` is published. */
  readonly fields: readonly MappedField[];
  readonly data: { readonly topicName: string; readonly payload: string } | undefined;
}

export type MapRefusal = 'no_sensor_id' | 'topic_too_long' | 'too_many_sensors';
export type FieldDrop = 'bad_string' | 'topic_too_long' | 'too_many_fields' | 'field_shadowed';

const topicBytesMax = 65_535;

type JsonObject = Extract<DecodedLine, { kind: 'object' }>;
type MapperOptions = Pick<
  SerialPortOptions,
  | 'idField'
  | 'defaultId'
  | 'idFormat'
  | 'baseTopic'
  | 'publish'
  | 'depthMax'
  | 'fieldsMax'
  | 'sensorsMax'
>;

export class FieldMapper {
  readonly #options: MapperOptions;
  readonly #dropped: (reason: FieldDrop) => void;
  /** Topic level of each id seen, by the id as the device wrote it. */
  readonly #levels = new Map<string, string>();
  readonly #sensorIds = new Map<string, string>();

  /** @param dropped is told about every field that is left out of a line that is published. */
  constructor(options: MapperOptions, dropped: (reason: FieldDrop) => void) {
    this.#options = options;
    this.#dropped = dropped;
  }

  /** Sensor ids seen, by topic level. */
  get sensors(): ReadonlyMap<string, string> {
    return this.#sensorIds;
  }

  map(object: JsonObject): MappedLine | { readonly kind: MapRefusal } {
    const options = this.#options;
    const sensorId = this.#sensorIdOf(object);
    if (sensorId === undefined) return { kind: 'no_sensor_id' };
    const level = this.#levelOf(sensorId);
    if (level === 'topic_too_long' || level === 'too_many_sensors') return { kind: level };
    const prefix = `${options.baseTopic}${level.text}`;
    const dataTopic = `${prefix}/data`;
    const fields: MappedField[] = [];
    if (options.publish !== 'data') {
      this.#collect(object.text, object.members, prefix, [], fields);
    }
    return {
      kind: 'mapped',
      sensorId,
      sensorLevel: level.text,
      fields,
      data:
        options.publish === 'fields' ? undefined : { topicName: dataTopic, payload: object.text },
    };
  }

  #sensorIdOf(object: JsonObject): string | undefined {
    // The last of duplicate keys counts, as in JSON.parse.
    const member = object.members.findLast(({ key }) => key === this.#options.idField);
    if (member === undefined) return this.#options.defaultId;
    const first = object.text[member.start] ?? '';
    if (first === '"') {
      const id = decodeString(object.text, member.start, member.end);
      return id.isWellFormed() ? id : this.#options.defaultId;
    }
    if (first === '-' || (first >= '0' && first <= '9')) {
      return object.text.slice(member.start, member.end);
    }
    return this.#options.defaultId;
  }

  #levelOf(sensorId: string): { readonly text: string } | 'topic_too_long' | 'too_many_sensors' {
    const known = this.#levels.get(sensorId);
    if (known !== undefined) return { text: known };
    const level = escapeTopicLevel(this.#formatId(sensorId));
    if (level === undefined || isTopicTooLong(`${this.#options.baseTopic}${level}/data`)) {
      return 'topic_too_long';
    }
    if (this.#levels.size >= this.#options.sensorsMax) return 'too_many_sensors';
    this.#levels.set(sensorId, level);
    this.#sensorIds.set(level, sensorId);
    return { text: level };
  }

  #formatId(sensorId: string): string {
    const { remove, letters } = this.#options.idFormat;
    let id = sensorId;
    if (remove !== '') id = [...id].filter((character) => !remove.includes(character)).join('');
    if (letters === 'upper') id = id.toUpperCase();
    if (letters === 'lower') id = id.toLowerCase();
    return id;
  }

  #collect(
    text: string,
    members: readonly Member[],
    prefix: string,
    parents: readonly string[],
    fields: MappedField[],
  ): void {
    for (const [key, { start, end }] of lastOfEachKey(members)) {
      if (parents.length === 0 && key === this.#options.idField) continue;
      const level = escapeTopicLevel(key);
      const topicName = `${prefix}/${level}`;
      if (level === undefined || isTopicTooLong(topicName)) {
        this.#dropped('topic_too_long');
        continue;
      }
      const path = [...parents, key];
      const first = text[start];
      if (first === '{' && path.length < this.#options.depthMax) {
        const inner = cutMembers(text, start)?.members ?? [];
        if (inner.length > 0) {
          this.#collect(text, inner, topicName, path, fields);
          continue;
        }
      }
      const payload = first === '"' ? decodeString(text, start, end) : text.slice(start, end);
      const isNumber = first !== undefined && '-0123456789'.includes(first);
      this.#add({ topicName, payload, path, isNumber }, fields);
    }
  }

  #add(field: MappedField, fields: MappedField[]): void {
    const isData = field.path.length === 1 && field.path[0] === 'data';
    if (isData && this.#options.publish === 'both') this.#dropped('field_shadowed');
    else if (!field.payload.isWellFormed() || !field.topicName.isWellFormed()) {
      this.#dropped('bad_string');
    } else if (fields.length >= this.#options.fieldsMax) this.#dropped('too_many_fields');
    else fields.push(field);
  }
}

function lastOfEachKey(members: readonly Member[]): Map<string, Member> {
  const last = new Map<string, Member>();
  for (const member of members) last.set(member.key, member);
  return last;
}

function isTopicTooLong(topicName: string): boolean {
  return topicName.length * 3 > topicBytesMax && Buffer.byteLength(topicName) > topicBytesMax;
}
