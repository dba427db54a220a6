/**
 * What the tests of the gateway stand on: a host that records everything, a clock that is moved by hand, a
 * driver that does what it is told. Waiting is for facts: `until` looks again whenever something happened.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  LocalClient,
  LocalMessageHandler,
  LocalPublish,
  LocalSubscribeOptions,
  PublishResult,
} from '../../broker/index.ts';
import type { MessageProperties } from '../../packet/index.ts';
import { Message } from '../../session/index.ts';
import type { SerialClock } from './clock.ts';
import {
  type LineSettings,
  resolveSerialOptions,
  type SerialOptions,
  type SerialPortOptions,
} from './options.ts';
import { serialOptionsSchema } from './options-schema.ts';
import type { OpenPort, PortDriver, PortEvents } from './port-driver.ts';
import type { PseudoTerminalOptions } from './pseudo-terminal.ts';
import { openPseudoTerminal, type PseudoTerminal } from './pseudo-terminal.ts';
import type { SerialHost } from './serial-gateway.ts';
import type { SerialLog, SerialLogLevel } from './serial-log.ts';
import { loadSerialportDriver } from './serialport-driver.ts';

export const seedLine = '{"sensor_id": "A0:B1:C2:D3:E4:F5", "temperature": 25.5, "humidity": 45.2}';

export type Keys = Readonly<Record<string, unknown>>;

/** Options as the configuration makes them: the keys of each port. */
export function serialOptions(...ports: Keys[]): SerialOptions {
  return resolveSerialOptions(serialOptionsSchema.parse({ enabled: true, ports }));
}

export function portOptions(keys: Keys = {}): SerialPortOptions {
  const port = serialOptions({ path: '/dev/ttyTEST', name: 'esp32-a', ...keys }).ports[0];
  assert.ok(port);
  return port;
}

export interface RecordedMessage {
  readonly clientId: string;
  readonly topicName: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
}

export interface RecordedLog {
  readonly level: SerialLogLevel;
  readonly event: string;
  readonly message: string;
}

interface RecordedSubscription {
  readonly clientId: string;
  readonly topicFilter: string;
  readonly handler: LocalMessageHandler;
  readonly options: LocalSubscribeOptions | undefined;
}

const factTimeoutMs = 10_000;

export class RecordingHost implements SerialHost {
  readonly messages: RecordedMessage[] = [];
  /** `$SYS` topics, last payload. */
  readonly system: Map<string, string> = new Map();
  /** Every payload of `…/state`, in order. */
  readonly states: string[] = [];
  readonly logs: RecordedLog[] = [];
  readonly subscriptions: RecordedSubscription[] = [];
  readonly identities: { clientId: string; username: string | undefined }[] = [];
  closedClients = 0;
  /** How the broker answers a publish. */
  answer: (message: LocalPublish) => PublishResult | Promise<PublishResult> = () => ({
    reasonCode: 0,
    matched: 1,
  });
  readonly #events = new EventEmitter().setMaxListeners(0);

  localClient(identity: { clientId: string; username: string | undefined }): LocalClient {
    this.identities.push(identity);
    const { clientId } = identity;
    return {
      clientId,
      publish: (message) => {
        const { topicName, payload, qos = 0, retain = false, properties } = message;
        const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8');
        this.messages.push({ clientId, topicName, payload: text, qos, retain, properties });
        this.happened();
        return this.answer(message);
      },
      subscribe: async (topicFilter, handler, options) => {
        this.subscriptions.push({ clientId, topicFilter, handler, options });
        this.happened();
        return { topicFilter, qos: 0, unsubscribe: () => undefined };
      },
      close: () => {
        this.closedClients += 1;
      },
    };
  }

  systemPublish(topicName: string, payload: string, retain: boolean): void {
    assert.ok(retain);
    this.system.set(topicName, payload);
    if (topicName.endsWith('/state')) this.states.push(payload);
    this.happened();
  }

  readonly log: SerialLog = (level, event, message) => {
    this.logs.push({ level, event, message });
    this.happened();
  };

  /** Something outside of the host happened that a test may wait for. */
  happened(): void {
    this.#events.emit('fact');
  }

  /** Gives a message to the subscriptions of the gateway, as a broker would. */
  deliver(
    topicName: string,
    payload: string | Uint8Array,
    more: { retained?: boolean; retain?: boolean; properties?: MessageProperties } = {},
  ): void {
    const matching = this.subscriptions.filter(({ topicFilter }) => {
      const pattern = topicFilter.replaceAll('+', '[^/]*');
      return new RegExp(`^${pattern}$`).test(topicName);
    });
    assert.notEqual(matching.length, 0, `nobody subscribed to ${topicName}`);
    for (const { handler } of matching) {
      const bytes = Buffer.from(payload);
      const message = new Message({
        topicName,
        payload: bytes,
        qos: 0,
        retain: more.retain ?? more.retained ?? false,
        properties: more.properties,
        publisherId: 'somebody',
        publisherName: undefined,
        nowMs: 0,
      });
      handler(message, { retained: more.retained ?? false });
      // The payload was on loan.
      bytes.fill(0);
    }
  }

  /** `topic payload`, in order. */
  get lines(): string[] {
    return this.messages.map(({ topicName, payload }) => `${topicName} ${payload}`);
  }

  logged(event: string): RecordedLog[] {
    return this.logs.filter((entry) => entry.event === event);
  }

  /** Waits until the fact holds; it is looked at whenever something happens. */
  async until(what: string, fact: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(factTimeoutMs);
    while (!fact()) {
      try {
        await once(this.#events, 'fact', { signal });
      } catch {
        const last = this.logs.slice(-5).map(({ message }) => message);
        assert.fail(`waited in vain until ${what}; last log lines: ${last.join(' | ')}`);
      }
    }
  }

  untilState(port: string, state: string): Promise<void> {
    const topic = `$SYS/broker/serial/${port}/state`;
    return this.until(`${port} is ${state}`, () => this.system.get(topic) === state);
  }
}

/** A clock that only moves when told; `random` is 0.5, so that jitter is none. */
export class HandClock implements SerialClock {
  #nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return 0.5;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Delays of the timers that run, shortest first. */
  get pending(): number[] {
    return this.#timers.map(({ atMs }) => atMs - this.#nowMs).sort((one, other) => one - other);
  }

  /** Moves on, firing what falls due in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = this.#timers
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((one, other) => one.atMs - other.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    this.#nowMs = untilMs;
  }
}

/** A driver whose ports are puppets. */
export class PuppetDriver implements PortDriver {
  readonly name = 'tcp';
  readonly ports: PuppetPort[] = [];
  attempts = 0;
  /** Thrown by the next attempts to open. */
  failure: Error | undefined;
  readonly #happened: () => void;

  constructor(happened: () => void) {
    this.#happened = happened;
  }

  async open(_path: string, _line: LineSettings, events: PortEvents): Promise<OpenPort> {
    this.attempts += 1;
    queueMicrotask(this.#happened);
    if (this.failure !== undefined) throw this.failure;
    const port = new PuppetPort(events, this.#happened);
    this.ports.push(port);
    return port;
  }

  get last(): PuppetPort {
    const port = this.ports.at(-1);
    assert.ok(port, 'no port was opened');
    return port;
  }
}

export class PuppetPort implements OpenPort {
  readonly driver = 'tcp';
  readonly events: PortEvents;
  readonly written: string[] = [];
  isOpen = true;
  isClosed = false;
  /** Writes never end. */
  isDeaf = false;
  readonly #happened: () => void;

  constructor(events: PortEvents, happened: () => void) {
    this.events = events;
    this.#happened = happened;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.isDeaf) await new Promise(() => undefined);
    this.written.push(Buffer.from(bytes).toString());
    this.#happened();
  }

  async close(): Promise<void> {
    this.isOpen = false;
    this.isClosed = true;
    this.#happened();
  }

  say(text: string): void {
    this.events.data(Buffer.from(text));
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'linnet-serial-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
let names = 0;

/** A path of its own for each call, in a folder that goes with the process. */
export function scratchPath(name = 'tty'): string {
  names += 1;
  return join(scratch, `${name}${names}`);
}

/** Why tests with pseudo-terminals cannot run here, or false. */
export const withoutTerminals: string | false = await (async () => {
  try {
    const terminal = await openPseudoTerminal({ methods: ['python3'] });
    await terminal.close();
    return false;
  } catch {
    return 'needs a pseudo-terminal made by python3 (apt install python3)';
  }
})();

/** A device on a pseudo-terminal under a path of its own; `plug` it again after `close`. */
export function plug(path: string, more: PseudoTerminalOptions = {}): Promise<PseudoTerminal> {
  // socat starts in a tenth of the time; only python3 can be told not to read.
  const methods = more.reads === false ? (['python3'] as const) : (['socat', 'python3'] as const);
  return openPseudoTerminal({ link: path, methods, ...more });
}

const withoutSerialport: string | false = await (async () => {
  try {
    await loadSerialportDriver();
    return false;
  } catch {
    return 'needs the package "serialport" (npm install serialport)';
  }
})();

/** Why a driver cannot be tested on this machine with a pseudo-terminal, or false. */
export function cannotUse(driver: 'serialport' | 'stty'): string | false {
  if (driver === 'stty' && process.platform !== 'linux') return 'driver stty needs Linux';
  return (driver === 'serialport' && withoutSerialport) || withoutTerminals;
}
