/**
 * `linnet sub`: mosquitto_sub's flags, output and exit codes. Like it, it connects again after a lost
 * connection, but not after a refusal or a DISCONNECT of the server. Unlike it, everything that is not data goes to
 * stderr (`-d` included), and `-W` counts from the start, connecting included.
 */
import {
  type ClientError,
  type ClientObserver,
  MqttClient,
  ServerDisconnectError,
} from '../client/index.ts';
import { type PublishPacket, ReasonCode, reasonCodeName } from '../packet/index.ts';
import { FilterError, matches, parseSubscription } from '../topic/index.ts';
import { parseClientOptions } from './client-options.ts';
import { connectOptions } from './client-options-connect.ts';
import { Report } from './client-options-report.ts';
import type { ClientSettings } from './client-options-settings.ts';
import type { CommandIo } from './command-io.ts';
import { FormatError } from './format.ts';
import { SubOutput } from './sub-output.ts';
import { type MessagePrinter, messagePrinter } from './sub-printer.ts';

/** mosquitto's code for `-W`. */
const timedOut = 27;

/** Runs the command; answers its exit code. */
export async function runSub(argv: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseClientOptions('sub', argv, io);
  if ('exitCode' in parsed) return parsed.exitCode;
  const { settings } = parsed;
  const report = new Report(settings, io);
  try {
    const print = messagePrinter(settings, (sentence) => report.error(sentence));
    return await new Subscriber(settings, io, report, print).run();
  } catch (error) {
    if (!(error instanceof FormatError)) return report.failure(error);
    io.stderr.write(`Error: ${error.message}\n\nUse 'linnet sub --help' to see usage.\n`);
    return 1;
  }
}

class Subscriber {
  readonly #settings: ClientSettings;
  readonly #io: CommandIo;
  readonly #report: Report;
  readonly #print: MessagePrinter;
  readonly #filtersOut: readonly string[];
  readonly #output: SubOutput;
  #client: MqttClient | undefined;
  #exitCode = 0;
  #printedCount = 0;
  /** Retained Messages whose removal is not acknowledged. */
  #removingCount = 0;
  #isStopping = false;

  constructor(settings: ClientSettings, io: CommandIo, report: Report, print: MessagePrinter) {
    this.#settings = settings;
    this.#io = io;
    this.#report = report;
    this.#print = print;
    this.#filtersOut = settings.filterOut.map(filterOf);
    this.#output = new SubOutput(io.stdout, {
      full: () => this.#client?.pause(),
      drained: () => this.#client?.resume(),
      gone: () => this.#stop(ReasonCode.normalDisconnection),
    });
  }

  /** @throws {ClientError} */
  async run(): Promise<number> {
    const { signal } = this.#io;
    const interrupt = (): void => this.#stop(ReasonCode.disconnectWithWillMessage);
    const timer = this.#startTimer();
    signal.addEventListener('abort', interrupt);
    try {
      this.#client = new MqttClient({
        ...(await connectOptions(this.#settings)),
        onMessage: (packet) => this.#received(packet),
        observer: this.#observer(),
        reconnect: { minDelayMs: 1_000, maxDelayMs: 2_000, giveUpOn: isFinal },
      });
      if (signal.aborted || this.#isStopping) return this.#exitCode;
      await this.#subscribe(this.#client);
      const error = await this.#client.closed;
      if (error !== undefined) throw error;
      return this.#exitCode;
    } catch (error) {
      if (!this.#isStopping && !(error instanceof ServerDisconnectError)) throw error;
      if (error instanceof ServerDisconnectError) this.#report.error(error.message);
      return this.#exitCode;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      this.#client?.destroy();
      await this.#output.close();
    }
  }

  #startTimer(): NodeJS.Timeout | undefined {
    const { timeoutSeconds } = this.#settings;
    if (timeoutSeconds === undefined) return undefined;
    return setTimeout(() => {
      if (this.#isStopping) return;
      this.#report.notice('Timed out');
      this.#exitCode = timedOut;
      this.#stop(ReasonCode.disconnectWithWillMessage);
    }, timeoutSeconds * 1000);
  }

  #observer(): ClientObserver {
    return {
      ...this.#report.observer(this.#settings),
      subscriptionRefused: (topicFilter, reasonCode) => this.#refused(topicFilter, reasonCode),
    };
  }

  async #subscribe(client: MqttClient): Promise<void> {
    const { topics, unsubscribe, properties, exitAfterSubscribe } = this.#settings;
    await client.start();
    const requests: Promise<unknown>[] = [];
    if (topics.length > 0) requests.push(this.#subscribeTopics(client));
    for (const topicFilter of unsubscribe) {
      requests.push(client.unsubscribe([topicFilter], properties.unsubscribe));
    }
    await Promise.all(requests);
    if (exitAfterSubscribe) this.#stop(ReasonCode.normalDisconnection);
  }

  async #subscribeTopics(client: MqttClient): Promise<void> {
    const { topics, qos, retainAsPublished, retainHandling, properties } = this.#settings;
    const isVersion5 = client.protocolVersion === 5;
    const subscriptions = topics.map((topicFilter) => ({
      topicFilter,
      qos,
      ...(isVersion5 ? { retainAsPublished, retainHandling } : {}),
    }));
    const { reasonCodes } = await client.subscribe(subscriptions, properties.subscribe);
    if (reasonCodes.every((reasonCode) => reasonCode >= 0x80)) {
      this.#report.notice('All subscription requests were denied.');
      this.#stop(ReasonCode.normalDisconnection);
      return;
    }
    for (const [index, topicFilter] of topics.entries()) {
      const reasonCode = reasonCodes[index];
      if (reasonCode !== undefined && reasonCode >= 0x80) this.#refused(topicFilter, reasonCode);
    }
  }

  #refused(topicFilter: string, reasonCode: ReasonCode): void {
    const reason = reasonCodeName(reasonCode);
    this.#report.warning(`The subscription to ${topicFilter} was denied: ${reason}.`);
  }

  #received(packet: PublishPacket): void {
    const settings = this.#settings;
    if (this.#isStopping) return;
    if (settings.retainedOnly && !packet.retain) {
      this.#stop(ReasonCode.normalDisconnection);
      return;
    }
    if (packet.retain && settings.noRetained && !settings.removeRetained) return;
    if (this.#filtersOut.some((filter) => matches(filter, packet.topicName))) return;
    if (packet.retain && settings.removeRetained) this.#remove(packet.topicName);
    if (packet.retain && settings.noRetained) return;
    if (Math.random() * 100 < settings.randomPercent) {
      this.#output.print(...this.#print(packet, new Date()));
    }
    this.#printedCount++;
    if (this.#printedCount === settings.messageCount) this.#stop(ReasonCode.normalDisconnection);
  }

  #remove(topicName: string): void {
    this.#removingCount++;
    this.#client?.send({ topicName, payload: '', qos: 1, retain: true }, (error) => {
      this.#removingCount--;
      if (error !== undefined && error.code !== 'closed') this.#report.warning(error.message);
      if (this.#isStopping && this.#removingCount === 0) this.#disconnect(0);
    });
  }

  /** Prints nothing more and ends, as soon as the removals under way are acknowledged. */
  #stop(reasonCode: ReasonCode): void {
    if (this.#isStopping && reasonCode === ReasonCode.normalDisconnection) return;
    this.#isStopping = true;
    const isUrgent = reasonCode !== ReasonCode.normalDisconnection;
    if (isUrgent || this.#removingCount === 0) this.#disconnect(reasonCode);
  }

  #disconnect(reasonCode: ReasonCode): void {
    const properties = this.#settings.properties.disconnect;
    void this.#client?.disconnect({ reasonCode, properties });
  }
}

/** The filter that Topic Names are compared with. The command line was checked before. */
function filterOf(text: string): string {
  const parsed = parseSubscription(text, Number.POSITIVE_INFINITY);
  return parsed instanceof FilterError ? text : parsed.topicFilter;
}

/** After these, connecting again would only bring them again. */
function isFinal(error: ClientError): boolean {
  return ['refused', 'server-disconnect', 'protocol', 'address'].includes(error.code);
}
