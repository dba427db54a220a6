/**
 * Commands from MQTT to the device. Two forms: `iot/serial/<port>/tx` carries a line as it is,
 * `iot/sensors/toserial/<sensor_id>/<field>` carries one value and becomes a JSON line. Each command has a
 * result, at `iot/serial/<port>/tx/result` and at the MQTT 5 Response Topic where the command names one.
 */
import type { LocalClient } from '../../broker/index.ts';
import type { Message } from '../../session/index.ts';
import { scanValue, skipWhitespace } from './json-source.ts';
import { decodeUtf8 } from './line-decoder.ts';
import type { SerialPortOptions } from './options.ts';
import type { PortCounters, WriteOutcome } from './port-counters.ts';
import type { FoldedLog } from './serial-log.ts';
import { unescapeTopicLevel } from './topic-level.ts';
import type { WriteQueue } from './write-queue.ts';

export type WriteResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: Exclude<WriteOutcome, 'ok'> };

export interface WriteBackHost {
  readonly client: LocalClient;
  readonly counters: PortCounters;
  readonly queue: WriteQueue;
  readonly folded: FoldedLog;
  /** The id a device wrote, for the topic level made from it; undefined when this port never saw it. */
  sensorId(level: string): string | undefined;
  /** Whether another port has seen the sensor: then the command is not ours. */
  isElsewhere(level: string): boolean;
}

const lineFeed = 0x0a;
const toSerialPrefix = 'iot/sensors/toserial/';

export class WriteBack {
  readonly #options: SerialPortOptions;
  readonly #host: WriteBackHost;

  constructor(options: SerialPortOptions, host: WriteBackHost) {
    this.#options = options;
    this.#host = host;
  }

  /** @throws {LocalClientError} when the identity of the port may not subscribe. */
  async subscribe(): Promise<void> {
    // Retained commands would be executed at every start.
    const options = { noLocal: true, retainHandling: 2 } as const;
    const { client } = this.#host;
    await client.subscribe(
      `iot/serial/${this.#options.name}/tx`,
      (message, info) => this.#receive(message, info.retained, false),
      options,
    );
    await client.subscribe(
      `${toSerialPrefix}+/+`,
      (message, info) => this.#receive(message, info.retained, true),
      options,
    );
  }

  /** Writes one line and its line feed. */
  async write(line: Uint8Array): Promise<WriteResult> {
    const outcome = await this.#write(line);
    this.#host.counters.tx[outcome] += 1;
    return outcome === 'ok' ? { ok: true } : { ok: false, error: outcome };
  }

  async #write(line: Uint8Array): Promise<WriteOutcome> {
    if (!this.#options.write.isEnabled) return 'disabled';
    if (line.includes(lineFeed)) return 'line_feed';
    if (line.length > this.#options.lineBytesMax) return 'too_long';
    const bytes = new Uint8Array(line.length + 1);
    bytes.set(line);
    bytes[line.length] = lineFeed;
    return this.#host.queue.write(bytes);
  }

  #receive(message: Message, isStored: boolean, isField: boolean): void {
    const [level = '', field = ''] = message.topicName.slice(toSerialPrefix.length).split('/');
    if (isField && this.#host.sensorId(level) === undefined && this.#host.isElsewhere(level))
      return;
    if (isStored) return;
    const { responseTopic, correlationData } = message.properties ?? {};
    const reply = {
      responseTopic,
      correlationData: correlationData && Uint8Array.from(correlationData),
    };
    const line = isField
      ? this.#fieldLine(level, field, message.payload)
      : Uint8Array.from(message.payload);
    this.#execute(line, message.retain, reply).catch((error: unknown) =>
      this.#complain(`a result could not be published: ${String(error)}`),
    );
  }

  async #execute(
    line: Uint8Array | undefined,
    isRetained: boolean,
    reply: {
      readonly responseTopic: string | undefined;
      readonly correlationData: Uint8Array | undefined;
    },
  ): Promise<void> {
    const refusal = isRetained ? 'retained' : line === undefined ? 'not_utf8' : undefined;
    if (refusal !== undefined) this.#host.counters.tx[refusal] += 1;
    const result: WriteResult =
      refusal !== undefined || line === undefined
        ? { ok: false, error: refusal ?? 'not_utf8' }
        : await this.write(line);
    if (!result.ok) this.#complain(`a command was refused: ${result.error}`);
    const payload = JSON.stringify(result);
    const { client } = this.#host;
    await client.publish({ topicName: `iot/serial/${this.#options.name}/tx/result`, payload });
    if (reply.responseTopic === undefined) return;
    const { correlationData } = reply;
    await client.publish({
      topicName: reply.responseTopic,
      payload,
      ...(correlationData === undefined ? {} : { properties: { correlationData } }),
    });
  }

  /** `{"sensor_id":"A","led":true}`: the payload as it is when it is JSON, else as a JSON string. */
  #fieldLine(level: string, field: string, payload: Uint8Array): Uint8Array | undefined {
    const text = decodeUtf8(payload);
    if (text === undefined) return undefined;
    const sensorId = this.#host.sensorId(level) ?? unescapeTopicLevel(level);
    const start = skipWhitespace(text, 0);
    const end = scanValue(text, start);
    const isJson = end !== -1 && skipWhitespace(text, end) === text.length;
    const value = isJson ? text.slice(start, end) : JSON.stringify(text);
    const key = JSON.stringify(unescapeTopicLevel(field));
    const idKey = JSON.stringify(this.#options.idField);
    return Buffer.from(`{${idKey}:${JSON.stringify(sensorId)},${key}:${value}}`);
  }

  #complain(text: string): void {
    const { name } = this.#options;
    this.#host.folded.say(text, 'warning', 'serial.write.refused', `${name}: ${text}`, {
      port: name,
    });
  }
}
