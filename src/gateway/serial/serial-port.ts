/**
 * One configured port with all its parts: the connection that keeps it open, the intake that turns its bytes
 * into messages, the write-back, the announcements and the published state. The parts do not know each
 * other; what they tell each other goes through here.
 */
import type { LocalClient, LocalPublish } from '../../broker/index.ts';
import type { ChooseDriver } from './choose-driver.ts';
import type { SerialClock } from './clock.ts';
import { type DeviceRoots, type UsbIdentity, usbIdentityOf } from './device-finder.ts';
import type { DeviceClaims } from './device-locator.ts';
import { HomeAssistantDiscovery } from './home-assistant.ts';
import { LineIntake } from './line-intake.ts';
import type { SerialPortOptions } from './options.ts';
import { PortConnection, type PortState } from './port-connection.ts';
import { PortCounters } from './port-counters.ts';
import type { OpenPort } from './port-driver.ts';
import { type PortStatus, StatusPublisher } from './port-status.ts';
import { FoldedLog, type SerialLog } from './serial-log.ts';
import { WriteBack, type WriteResult } from './write-back.ts';
import { WriteQueue } from './write-queue.ts';

export interface SerialPortHost {
  readonly client: LocalClient;
  readonly clock: SerialClock;
  readonly log: SerialLog;
  readonly roots: DeviceRoots;
  readonly chooseDriver: ChooseDriver;
  readonly claims: DeviceClaims;
  readonly publishesUnderWay: number;
  systemPublish(topicName: string, payload: string, retain: boolean): void;
  /** Whether a port other than this one has seen the sensor. */
  isElsewhere(level: string): boolean;
}

export class SerialPort {
  readonly #options: SerialPortOptions;
  readonly #host: SerialPortHost;
  readonly #counters = new PortCounters();
  readonly #folded: FoldedLog;
  readonly #intake: LineIntake;
  readonly #connection: PortConnection;
  readonly #writeQueue: WriteQueue;
  readonly #writeBack: WriteBack;
  readonly #discovery: HomeAssistantDiscovery | undefined;
  readonly #status: StatusPublisher;
  #usb: UsbIdentity | undefined;
  #sinceMs: number;
  #lastLineAtMs: number | undefined;
  #isHealthy = false;
  #wasOpen = false;

  constructor(options: SerialPortOptions, host: SerialPortHost) {
    this.#options = options;
    this.#host = host;
    this.#folded = new FoldedLog(host.log, host.clock);
    this.#sinceMs = host.clock.nowMs();
    const publish = (message: LocalPublish): void => this.#publish(message);
    const prefix = options.homeAssistantPrefix;
    this.#discovery =
      prefix === undefined ? undefined : new HomeAssistantDiscovery(options, prefix, publish);
    this.#intake = new LineIntake(options, {
      client: host.client,
      counters: this.#counters,
      clock: host.clock,
      log: host.log,
      publishesUnderWay: host.publishesUnderWay,
      validLine: (receivedAtMs) => this.#validLine(receivedAtMs),
      mapped: (line) => this.#discovery?.add(line),
    });
    this.#writeQueue = new WriteQueue(options.write, host.clock, (why) =>
      this.#warn('serial.write.failed', `a write failed: ${why}`),
    );
    this.#writeBack = new WriteBack(options, {
      client: host.client,
      counters: this.#counters,
      queue: this.#writeQueue,
      folded: this.#folded,
      sensorId: (level) => this.#intake.sensors.get(level),
      isElsewhere: (level) => host.isElsewhere(level),
    });
    this.#connection = new PortConnection(options, {
      clock: host.clock,
      log: host.log,
      roots: host.roots,
      chooseDriver: host.chooseDriver,
      claims: host.claims,
      stateChanged: (state) => this.#stateChanged(state),
      opened: (port) => this.#opened(port),
      data: (chunk) => this.#intake.push(chunk),
      closed: () => this.#closed(),
    });
    this.#status = new StatusPublisher(
      {
        clock: host.clock,
        status: () => this.status(),
        systemPublish: (topicName, payload, retain) =>
          host.systemPublish(topicName, payload, retain),
        publish,
      },
      options.statusTopic,
    );
  }

  get name(): string {
    return this.#options.name;
  }

  start(): void {
    if (!this.#options.isEnabled) return;
    this.#status.start();
    if (this.#options.write.isEnabled) this.#subscribe('write', () => this.#writeBack.subscribe());
    const discovery = this.#discovery;
    if (discovery !== undefined) {
      this.#subscribe('homeassistant', () => discovery.subscribe(this.#host.client));
    }
    this.#connection.start();
  }

  async stop(): Promise<void> {
    if (this.#options.isEnabled) {
      await this.#connection.stop();
      this.#status.stop();
    }
    this.#host.client.close();
  }

  hasSeen(level: string): boolean {
    return this.#intake.sensors.has(level);
  }

  /** Writes one line to the device; the line feed is added. */
  write(line: Uint8Array): Promise<WriteResult> {
    return this.#writeBack.write(line);
  }

  status(): PortStatus {
    const connection = this.#connection;
    return {
      name: this.#options.name,
      state: this.#options.isEnabled ? connection.state : 'disabled',
      isHealthy: this.#isHealthy,
      path: connection.path,
      device: connection.device,
      driver: connection.port?.driver,
      baud: this.#options.line.baud,
      usb: this.#usb,
      sinceMs: this.#sinceMs,
      lastLineAtMs: this.#lastLineAtMs,
      lastError: connection.lastError,
      sensors: this.#intake.sensors.size,
      queuedLines: this.#intake.queuedLines,
      queuedWrites: this.#writeQueue.length,
      counters: this.#counters.snapshot(),
      badLines: [...this.#intake.badLines],
    };
  }

  #opened(port: OpenPort): void {
    if (this.#wasOpen) this.#counters.reconnects += 1;
    this.#wasOpen = true;
    this.#intake.connected();
    this.#writeQueue.opened(port);
    const { path } = this.#connection;
    if (path === undefined || path.includes('://')) return;
    usbIdentityOf(path, this.#host.roots).then(
      (usb) => {
        if (this.#connection.port !== port) return;
        this.#usb = usb;
        if (usb !== undefined) this.#status.changed();
      },
      (error: unknown) => this.#warn('serial.port.warning', `its USB identity: ${String(error)}`),
    );
  }

  #closed(): void {
    this.#isHealthy = false;
    this.#usb = undefined;
    this.#writeQueue.closed();
  }

  #stateChanged(state: PortState): void {
    if (state !== 'opening') this.#sinceMs = this.#host.clock.nowMs();
    this.#status.changed();
  }

  #validLine(receivedAtMs: number): void {
    this.#lastLineAtMs = receivedAtMs;
    this.#connection.heard();
    if (this.#isHealthy || this.#connection.port === undefined) return;
    this.#isHealthy = true;
    this.#status.changed();
  }

  /** For messages that do not come from lines: their number is small and their order does not matter. */
  #publish(message: LocalPublish): void {
    const refused = (why: string): void =>
      this.#warn('serial.publish.refused', `the broker refused ${message.topicName}: ${why}`);
    const attempt = async (): Promise<void> => {
      const { reasonCode, reasonString } = await this.#host.client.publish(message);
      if (reasonCode >= 0x80) refused(reasonString ?? `0x${reasonCode.toString(16)}`);
    };
    attempt().catch((error: unknown) => refused(String(error)));
  }

  #subscribe(what: string, subscribe: () => Promise<void>): void {
    subscribe().catch((error: unknown) =>
      this.#host.log(
        'error',
        'serial.subscribe.refused',
        `${this.name}: ${what} does not work, the broker refused its subscription: ` +
          `${error instanceof Error ? error.message : String(error)}`,
        { port: this.name },
      ),
    );
  }

  #warn(event: string, text: string): void {
    this.#folded.say(text, 'warning', event, `${this.name}: ${text}`, { port: this.name });
  }
}
