/**
 * Announces the fields of a port to Home Assistant (MQTT discovery): a retained configuration for each
 * sensor and field, when it is first seen and again when Home Assistant comes up.
 */
import type { LocalClient, LocalPublish } from '../../broker/index.ts';
import type { MappedField, MappedLine } from './field-mapper.ts';
import type { SerialPortOptions } from './options.ts';

/** Units and device classes that Home Assistant knows, for names that say what they are. */
const knownFields: ReadonlyMap<string, { readonly device_class: string; readonly unit: string }> =
  new Map([
    ['temperature', { device_class: 'temperature', unit: '°C' }],
    ['humidity', { device_class: 'humidity', unit: '%' }],
    ['pressure', { device_class: 'pressure', unit: 'hPa' }],
    ['battery', { device_class: 'battery', unit: '%' }],
  ]);

/** Announcements kept for repetition: a device that makes up ids must not fill memory. */
const announcementsMax = 10_000;

export class HomeAssistantDiscovery {
  readonly #options: SerialPortOptions;
  readonly #prefix: string;
  readonly #publish: (message: LocalPublish) => void;
  /** By state topic. */
  readonly #announcements = new Map<string, LocalPublish>();
  readonly #objectIds = new Set<string>();

  /** @param publish sends a message and reports by itself what the broker refuses. */
  constructor(
    options: SerialPortOptions,
    prefix: string,
    publish: (message: LocalPublish) => void,
  ) {
    this.#options = options;
    this.#prefix = prefix;
    this.#publish = publish;
  }

  /** @throws {LocalClientError} when the identity of the port may not subscribe. */
  async subscribe(client: LocalClient): Promise<void> {
    await client.subscribe(`${this.#prefix}/status`, (message) => {
      if (Buffer.from(message.payload).toString() === 'online') this.#repeat();
    });
  }

  /** Announces the fields of the line that were not seen before. */
  add(line: MappedLine): void {
    for (const field of line.fields) {
      if (this.#announcements.has(field.topicName)) continue;
      if (this.#announcements.size >= announcementsMax) return;
      const announcement = this.#announcement(line, field);
      this.#announcements.set(field.topicName, announcement);
      this.#publish(announcement);
    }
  }

  #repeat(): void {
    for (const announcement of this.#announcements.values()) this.#publish(announcement);
  }

  #announcement(line: MappedLine, field: MappedField): LocalPublish {
    const { name, statusTopic, silenceMs } = this.#options;
    const fieldName = field.path.join('_');
    const objectId = this.#objectId(`${line.sensorId}_${fieldName}`, field.topicName);
    const known = knownFields.get(field.path.at(-1)?.toLowerCase() ?? '');
    const isMeasured = field.isNumber && known !== undefined;
    const config = {
      name: field.path.join(' '),
      unique_id: `linnet_${name}_${objectId}`,
      state_topic: field.topicName,
      ...(statusTopic === undefined ? {} : { availability_topic: statusTopic }),
      ...(silenceMs === 0 ? {} : { expire_after: Math.ceil(silenceMs / 1000) }),
      ...(isMeasured ? { device_class: known.device_class, unit_of_measurement: known.unit } : {}),
      ...(field.isNumber ? { state_class: 'measurement' } : {}),
      device: { identifiers: [`linnet_${name}_${line.sensorLevel}`], name: line.sensorId },
    };
    const topicName = `${this.#prefix}/sensor/${objectId}/config`;
    return { topicName, payload: JSON.stringify(config), retain: true };
  }

  /** Home Assistant allows `[a-zA-Z0-9_-]` only; what becomes equal by that gets a number from its topic. */
  #objectId(text: string, topicName: string): string {
    let objectId = text.replace(/[^a-zA-Z0-9_-]/g, '_');
    if (this.#objectIds.has(objectId)) objectId += `_${hash(topicName)}`;
    this.#objectIds.add(objectId);
    return objectId;
  }
}

/** FNV-1a, 32 bits: the same topic gets the same number in every run. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, '0');
}
