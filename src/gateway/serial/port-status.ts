/**
 * The state of a port for subscribers: `$SYS/broker/serial/<port>/state` with one word and `…/info` with the
 * details, both retained; and, where `status_topic` is set, a retained `online` or `offline` for dashboards
 * that may not read `$SYS`.
 */
import type { LocalPublish } from '../../broker/index.ts';
import type { SerialClock } from './clock.ts';
import type { UsbIdentity } from './device-finder.ts';
import type { BadLine } from './line-intake.ts';
import type { DriverName } from './options.ts';
import type { PortState } from './port-connection.ts';
import type { PortCounts } from './port-counters.ts';

/** Everything known about a port. */
export interface PortStatus {
  readonly name: string;
  readonly state: PortState;
  /** Open, and a valid line came since it was opened. */
  readonly isHealthy: boolean;
  /** As configured, or as found by `match`. */
  readonly path: string | undefined;
  /** The real path of the open device. */
  readonly device: string | undefined;
  readonly driver: DriverName | undefined;
  readonly baud: number;
  readonly usb: UsbIdentity | undefined;
  /** Since when it is in this state, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly lastLineAtMs: number | undefined;
  readonly lastError: string | undefined;
  /** Different sensor ids seen. */
  readonly sensors: number;
  readonly queuedLines: number;
  readonly queuedWrites: number;
  readonly counters: PortCounts;
  /** The last refused lines, oldest first. */
  readonly badLines: readonly BadLine[];
}

export interface StatusPublisherHost {
  readonly clock: SerialClock;
  status(): PortStatus;
  systemPublish(topicName: string, payload: string, retain: boolean): void;
  publish(message: LocalPublish): void;
}

/** How often counters in `info` are brought up to date. */
const infoIntervalMs = 10_000;

export class StatusPublisher {
  readonly #host: StatusPublisherHost;
  readonly #statusTopic: string | undefined;
  #lastState: PortState | undefined;
  #lastInfo = '';
  #lastOnline: boolean | undefined;
  #cancel: () => void = () => undefined;

  constructor(host: StatusPublisherHost, statusTopic: string | undefined) {
    this.#host = host;
    this.#statusTopic = statusTopic;
  }

  start(): void {
    this.changed();
    this.#arm();
  }

  /** Publishes the last state; nothing more follows. */
  stop(): void {
    this.#cancel();
    this.changed();
  }

  /** The state or something in `info` that should not wait has changed. */
  changed(): void {
    const status = this.#host.status();
    // Opening lasts a moment and says nothing that waiting, closed or error did not say.
    if (status.state === 'opening') return;
    const topic = `$SYS/broker/serial/${status.name}`;
    if (status.state !== this.#lastState) {
      this.#lastState = status.state;
      this.#host.systemPublish(`${topic}/state`, status.state, true);
    }
    const info = describeStatus(status);
    if (info !== this.#lastInfo) {
      this.#lastInfo = info;
      this.#host.systemPublish(`${topic}/info`, info, true);
    }
    this.#publishOnline(status.state === 'open' || status.state === 'stale');
  }

  #publishOnline(isOnline: boolean): void {
    if (this.#statusTopic === undefined || isOnline === this.#lastOnline) return;
    this.#lastOnline = isOnline;
    const payload = isOnline ? 'online' : 'offline';
    this.#host.publish({ topicName: this.#statusTopic, payload, qos: 1, retain: true });
  }

  #arm(): void {
    this.#cancel = this.#host.clock.after(infoIntervalMs, () => {
      this.changed();
      this.#arm();
    });
  }
}

function describeStatus(status: PortStatus): string {
  const instant = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  const { counters, usb } = status;
  return JSON.stringify({
    path: status.path,
    device: status.device,
    vid: usb?.vid,
    pid: usb?.pid,
    serial: usb?.serial,
    driver: status.driver,
    baud: status.baud,
    since: instant(status.sinceMs),
    healthy: status.isHealthy,
    last_line_at: instant(status.lastLineAtMs),
    last_error: status.lastError,
    sensors: status.sensors,
    counters: {
      bytes: counters.bytes,
      lines: counters.lines,
      fields_dropped: counters.fieldsDropped,
      discarded_bytes: counters.discardedBytes,
      published: counters.published,
      refused: counters.refused,
      reconnects: counters.reconnects,
      queue_length: status.queuedLines,
      tx: counters.tx,
    },
  });
}
