/**
 * What happens to the bytes of one port: lines, gate, decoder, mapper, broker. It knows nothing of how the
 * port is opened. A line is decided in the turn it arrives in; only while the broker asks to wait it waits
 * as bytes.
 */
import type { LocalClient, LocalPublish } from '../../broker/index.ts';
import type { MessageProperties } from '../../packet/index.ts';
import { BaudHint } from './baud-hint.ts';
import type { SerialClock } from './clock.ts';
import { FieldMapper, type MappedLine } from './field-mapper.ts';
import { decodeJsonLine, decodeUtf8, isBlank, isUtf8Beginning } from './line-decoder.ts';
import { LineFramer } from './line-framer.ts';
import { LineGate } from './line-gate.ts';
import type { SerialPortOptions } from './options.ts';
import type { LineResult, PortCounters } from './port-counters.ts';
import { PublishQueue, type WaitingLine } from './publish-queue.ts';
import { FoldedLog, printable, type SerialLog } from './serial-log.ts';

/** A refused line, kept for inspection. */
export interface BadLine {
  readonly atMs: number;
  readonly reason: LineResult;
  /** Its beginning, control characters as `\xNN`. */
  readonly text: string;
}

export interface IntakeHost {
  readonly client: LocalClient;
  readonly counters: PortCounters;
  readonly clock: SerialClock;
  readonly log: SerialLog;
  /** Publishes that may be unanswered at once. */
  readonly publishesUnderWay: number;
  /** A line was understood. */
  validLine(receivedAtMs: number): void;
  /** Before the messages of a mapped line are published. */
  mapped(line: MappedLine): void;
}

const badLinesMax = 10;
/** A boot prints some dozens of lines; a device that prints for ever must not fill the log. */
const logLinesPerMinute = 100;

export class LineIntake {
  readonly #options: SerialPortOptions;
  readonly #host: IntakeHost;
  readonly #framer: LineFramer;
  readonly #gate: LineGate;
  readonly #mapper: FieldMapper;
  readonly #queue: PublishQueue;
  readonly #folded: FoldedLog;
  readonly #baudHint = new BaudHint();
  readonly #badLines: BadLine[] = [];
  #sequence = 0;

  constructor(options: SerialPortOptions, host: IntakeHost) {
    this.#options = options;
    this.#host = host;
    this.#framer = new LineFramer(options.lineBytesMax, {
      line: (bytes) => this.#line(bytes),
      oversize: (beginning) => this.#oversize(beginning),
    });
    this.#gate = new LineGate(options.rateLimit, options.dedupeMs);
    this.#mapper = new FieldMapper(options, (reason) => {
      host.counters.fieldsDropped[reason] += 1;
    });
    this.#folded = new FoldedLog(host.log, host.clock);
    const queueHost = {
      process: (line: WaitingLine) => this.#process(line),
      accepted: () => {
        host.counters.published += 1;
      },
      refused: (topicName: string, reason: string) => this.#publishRefused(topicName, reason),
      dropped: () => this.#dropped(),
    };
    const { queuedLinesMax } = options;
    this.#queue = new PublishQueue(host.client, queueHost, queuedLinesMax, host.publishesUnderWay);
  }

  get queuedLines(): number {
    return this.#queue.length;
  }

  get badLines(): readonly BadLine[] {
    return this.#badLines;
  }

  /** Sensor ids seen, by topic level. */
  get sensors(): ReadonlyMap<string, string> {
    return this.#mapper.sensors;
  }

  /** The port was opened: what came before does not belong to what comes now. */
  connected(): void {
    this.#framer.reset();
    this.#baudHint.reset();
  }

  /** @param chunk on loan. */
  push(chunk: Uint8Array): void {
    this.#host.counters.bytes += chunk.length;
    this.#framer.push(chunk);
    this.#host.counters.discardedBytes = this.#framer.discardedBytes;
  }

  #line(bytes: Uint8Array): void {
    if (isBlank(bytes)) return;
    const refusal = this.#gate.refusal(bytes, this.#host.clock.monotonicMs());
    if (refusal !== undefined) {
      this.#host.counters.lines[refusal] += 1;
      return;
    }
    this.#queue.push(bytes, this.#host.clock.nowMs());
  }

  #process(line: WaitingLine): readonly LocalPublish[] {
    this.#sequence += 1;
    return this.#options.framing === 'lines' ? this.#textLine(line) : this.#jsonLine(line);
  }

  #textLine(line: WaitingLine): readonly LocalPublish[] {
    const text = decodeUtf8(line.bytes);
    this.#judgeBaud(line.bytes, text !== undefined);
    if (text === undefined) return this.#refuse('not_utf8', line);
    this.#accept('published', line);
    const topicName = `${this.#options.baseTopic}${this.#options.name}/data`;
    return [this.#message(topicName, text, 'text/plain', line)];
  }

  #jsonLine(line: WaitingLine): readonly LocalPublish[] {
    const decoded = decodeJsonLine(line.bytes);
    this.#judgeBaud(line.bytes, decoded.kind !== 'not_utf8');
    if (decoded.kind === 'blank') return [];
    if (decoded.kind === 'log_line') return this.#logLine(decoded.text);
    if (decoded.kind !== 'object') return this.#refuse(decoded.kind, line);
    const mapped = this.#mapper.map(decoded);
    if (mapped.kind !== 'mapped') return this.#refuse(mapped.kind, line);
    this.#accept(decoded.isSalvaged ? 'salvaged' : 'published', line);
    this.#host.mapped(mapped);
    const messages = mapped.fields.map(({ topicName, payload }) =>
      this.#message(topicName, payload, 'text/plain', line),
    );
    if (mapped.data !== undefined) {
      const { topicName, payload } = mapped.data;
      messages.push(this.#message(topicName, payload, 'application/json', line));
    }
    return messages;
  }

  #accept(result: 'published' | 'salvaged', line: WaitingLine): void {
    this.#host.counters.lines[result] += 1;
    this.#host.validLine(line.receivedAtMs);
  }

  #message(
    topicName: string,
    payload: string,
    contentType: string,
    line: WaitingLine,
  ): LocalPublish {
    const { qos, retain, messageExpiryInterval, name } = this.#options;
    if (!this.#options.properties && messageExpiryInterval === undefined) {
      return { topicName, payload, qos, retain };
    }
    const properties: MessageProperties = this.#options.properties
      ? {
          messageExpiryInterval,
          contentType,
          userProperties: [
            ['received_at', String(line.receivedAtMs)],
            ['port', name],
            ['seq', String(this.#sequence)],
          ],
        }
      : { messageExpiryInterval };
    return { topicName, payload, qos, retain, properties };
  }

  #logLine(text: string): readonly LocalPublish[] {
    this.#host.counters.lines.log_line += 1;
    const { logLines, name } = this.#options;
    if (logLines === 'topic') return [{ topicName: `iot/serial/${name}/log`, payload: text }];
    if (logLines !== 'off') {
      const line = printable(text);
      const message = `${name}: ${line}`;
      const fields = { port: name, line };
      this.#folded.say('log', logLines, 'serial.log_line', message, fields, logLinesPerMinute);
    }
    return [];
  }

  #refuse(reason: LineResult, line: { readonly bytes: Uint8Array }): readonly LocalPublish[] {
    const { name, errorTopic } = this.#options;
    this.#host.counters.lines[reason] += 1;
    const text = printable(Buffer.from(line.bytes.subarray(0, 400)).toString('utf8'));
    if (this.#badLines.length >= badLinesMax) this.#badLines.shift();
    this.#badLines.push({ atMs: this.#host.clock.nowMs(), reason, text });
    const message = `${name}: line refused, ${refusalText(reason, this.#options)}: ${text}`;
    this.#folded.say(reason, 'warning', 'serial.line.refused', message, { port: name, reason });
    if (errorTopic === undefined) return [];
    const userProperties = [
      ['port', name],
      ['reason', reason],
    ] as const;
    const payload = Uint8Array.from(line.bytes);
    return [{ topicName: errorTopic, payload, properties: { userProperties } }];
  }

  #oversize(beginning: Uint8Array): void {
    this.#judgeBaud(beginning, isUtf8Beginning(beginning));
    for (const message of this.#refuse('oversize', { bytes: beginning })) {
      this.#queue.send(message);
    }
  }

  #judgeBaud(bytes: Uint8Array, isReadable: boolean): void {
    const share = this.#baudHint.add(bytes, isReadable);
    if (share === undefined) return;
    const { name, path, line } = this.#options;
    const where = path ?? name;
    const usual = line.baud === 115_200 ? '9600 or 74880' : '115200';
    this.#host.log(
      'warning',
      'serial.port.baud',
      `${where} @${line.baud} — ${Math.round(share * 100)} % of bytes are not text: wrong baud rate? ` +
        `usual: ${usual} (linnet serial doctor ${where})`,
      { port: name, baud: line.baud },
    );
  }

  #publishRefused(topicName: string, reason: string): void {
    const { name } = this.#options;
    this.#host.counters.refused += 1;
    const message = `${name}: the broker refused ${printable(topicName)}: ${reason}`;
    this.#folded.say('publish', 'warning', 'serial.publish.refused', message, { port: name });
  }

  #dropped(): void {
    const { name, queuedLinesMax } = this.#options;
    this.#host.counters.lines.queue_dropped += 1;
    const message =
      `${name}: ${queuedLinesMax} lines wait for the broker, the oldest are dropped ` +
      '(serial.ports[].queue)';
    this.#folded.say('queue', 'warning', 'serial.queue.dropped', message, { port: name });
  }
}

function refusalText(reason: LineResult, options: SerialPortOptions): string {
  switch (reason) {
    case 'bad_json':
      return 'it is not JSON';
    case 'not_utf8':
      return 'it is not UTF-8 text';
    case 'oversize':
      return `it is longer than ${options.lineBytesMax} bytes (max_line)`;
    case 'no_sensor_id':
      return `it is no JSON object with a "${options.idField}" of text or number (id_field, default_id)`;
    case 'topic_too_long':
      return 'its sensor id is longer than 256 characters';
    case 'too_many_sensors':
      return `more than ${options.sensorsMax} different sensor ids (max_sensors)`;
    default:
      return reason;
  }
}
