/**
 * `linnet pub`: mosquitto_pub's flags and exit codes. With `-l` a lost connection is made again, and no
 * line is read while there is none (mosquitto_pub reads on and drops lines at QoS 0); every other mode
 * ends with the connection.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ClientError,
  ConnectRefusedError,
  MqttClient,
  type OutgoingMessage,
  type PublishAcknowledgement,
} from '../client/index.ts';
import { reasonCodeName } from '../packet/index.ts';
import { parseClientOptions } from './client-options.ts';
import { connectOptions } from './client-options-connect.ts';
import { Report } from './client-options-report.ts';
import type { ClientSettings } from './client-options-settings.ts';
import type { CommandIo } from './command-io.ts';
import { LineSplitter, readChunks } from './pub-input.ts';

/** What a shell reports for a process that the signal ended; nothing for a reader that has gone. */
function interruptedCode(signal: AbortSignal): number {
  if (signal.reason === 'EPIPE') return 0;
  return signal.reason === 'SIGTERM' ? 143 : 130;
}

/** Runs the command; answers its exit code. */
export async function runPub(argv: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseClientOptions('pub', argv, io);
  if ('exitCode' in parsed) return parsed.exitCode;
  const report = new Report(parsed.settings, io);
  const payload = await readPayload(parsed.settings, io, report);
  if (payload === undefined) return io.signal.aborted ? interruptedCode(io.signal) : 1;
  try {
    return await new Publisher(parsed.settings, io, report).run(payload);
  } catch (error) {
    return report.failure(error);
  }
}

/** The message, empty where lines make the messages; undefined when there is none to send. */
async function readPayload(
  settings: ClientSettings,
  io: CommandIo,
  report: Report,
): Promise<Uint8Array | undefined> {
  const { source } = settings;
  switch (source?.kind) {
    case 'text':
      return Buffer.from(source.text);
    case 'file':
      return readFile(source.path).catch((error: Error) => {
        report.error(`Cannot read the message: ${error.message}`);
        return undefined;
      });
    case 'stdin':
      return readAll(io, report);
    default:
      return new Uint8Array(0);
  }
}

async function readAll(io: CommandIo, report: Report): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  await readChunks(io.stdin, io.signal, async (chunk) => {
    chunks.push(chunk);
  });
  if (io.signal.aborted) return undefined;
  const all = Buffer.concat(chunks);
  if (all.length === 0) {
    report.error('stdin is empty, so there is no message to send (-n sends an empty one).');
    return undefined;
  }
  return all;
}

class Publisher {
  readonly #settings: ClientSettings;
  readonly #io: CommandIo;
  readonly #report: Report;
  #exitCode = 0;
  #isStopped = false;
  #failure: ClientError | undefined;
  /** Messages that are not complete yet, and who waits for the last of them. */
  #openCount = 0;
  #whenIdle: () => void = () => undefined;

  constructor(settings: ClientSettings, io: CommandIo, report: Report) {
    this.#settings = settings;
    this.#io = io;
    this.#report = report;
  }

  /** @throws {ClientError} */
  async run(payload: Uint8Array): Promise<number> {
    const client = await this.#newClient();
    const stop = (exitCode: number): void => {
      this.#isStopped = true;
      this.#exitCode = exitCode;
      client.destroy();
    };
    const interrupt = (): void => stop(interruptedCode(this.#io.signal));
    // Whoever read the output has gone: no error, and nothing left to say.
    const outputGone = (): void => stop(0);
    this.#io.signal.addEventListener('abort', interrupt);
    this.#io.stdout.on('error', outputGone);
    try {
      if (this.#io.signal.aborted) return interruptedCode(this.#io.signal);
      await client.start();
      if (this.#settings.source?.kind === 'lines') await this.#publishLines(client);
      else await this.#publishRepeatedly(client, payload);
      await client.disconnect({ properties: this.#settings.properties.disconnect });
    } catch (error) {
      if (!this.#isStopped) throw error;
    } finally {
      this.#io.signal.removeEventListener('abort', interrupt);
      this.#io.stdout.off('error', outputGone);
      client.destroy();
    }
    return this.#exitCode;
  }

  async #newClient(): Promise<MqttClient> {
    const options = await connectOptions(this.#settings);
    const isReconnecting = this.#settings.source?.kind === 'lines';
    return new MqttClient({
      ...options,
      observer: this.#report.observer(this.#settings),
      reconnect: isReconnecting
        ? { maxDelayMs: 2_000, giveUpOn: (error) => error instanceof ConnectRefusedError }
        : undefined,
    });
  }

  async #publishRepeatedly(client: MqttClient, payload: Uint8Array): Promise<void> {
    const { repeatCount, repeatDelayMs } = this.#settings;
    for (let sent = 0; sent < repeatCount; sent++) {
      if (sent > 0 && repeatDelayMs > 0) await this.#pause(client, repeatDelayMs);
      const message = this.#message(payload);
      this.#completed(message, await client.publish(message));
      if (!client.isWritable) await client.whenWritable();
    }
  }

  /** Waits, but not for a connection that has gone. @throws {ClientError} */
  async #pause(client: MqttClient, delayMs: number): Promise<void> {
    const end = new AbortController();
    const waited = delay(delayMs, undefined, { signal: end.signal }).catch(() => undefined);
    const error = await Promise.race([waited, client.closed]);
    end.abort();
    if (error !== undefined) throw error;
  }

  /** @throws {ClientError} */
  async #publishLines(client: MqttClient): Promise<void> {
    const end = new AbortController();
    void client.closed.then(() => end.abort());
    const lines = new LineSplitter();
    await readChunks(this.#io.stdin, end.signal, async (chunk) => {
      for (const line of lines.push(chunk)) await this.#publishLine(client, line);
    });
    const last = lines.end();
    if (last !== undefined && !end.signal.aborted) await this.#publishLine(client, last);
    if (this.#openCount > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    const failure = this.#failure ?? (end.signal.aborted ? await client.closed : undefined);
    if (failure !== undefined) throw failure;
  }

  /** @throws {ClientError} that of an earlier line too. */
  async #publishLine(client: MqttClient, line: Buffer): Promise<void> {
    if (!client.isWritable) await client.whenWritable();
    const message = this.#message(line);
    this.#openCount++;
    client.send(message, (error, acknowledgement) => {
      if (acknowledgement === undefined) this.#failure ??= error;
      else this.#completed(message, acknowledgement);
      if (--this.#openCount === 0) this.#whenIdle();
    });
    if (this.#failure !== undefined) throw this.#failure;
  }

  #message(payload: Uint8Array): OutgoingMessage {
    const { topics, qos, retain, properties } = this.#settings;
    return { topicName: topics[0] ?? '', payload, qos, retain, properties: properties.publish };
  }

  #completed(message: OutgoingMessage, acknowledgement: PublishAcknowledgement): void {
    const { packetId, reasonCode, properties } = acknowledgement;
    const reason = reasonCodeName(reasonCode);
    if (reasonCode >= 0x80) {
      const why = properties?.reasonString === undefined ? '' : ` ${properties.reasonString}`;
      this.#report.warning(`Publish ${packetId} failed: ${reason}.${why}`);
    }
    if (!this.#settings.isJson) return;
    const { topicName, qos, retain, payload } = message;
    const line = {
      topic: topicName,
      qos,
      retain,
      payloadlen: payload.length,
      ...(packetId === 0 ? {} : { mid: packetId }),
      reason_code: reasonCode,
      reason,
      ...(properties?.reasonString === undefined ? {} : { reason_string: properties.reasonString }),
    };
    this.#io.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
