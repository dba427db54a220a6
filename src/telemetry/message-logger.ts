/**
 * Shows every Application Message on the output, for people who want to watch (`--log-messages`). It taps
 * the broker's facts, so it needs no client, login or loop-back connection, and sees what a subscriber to
 * its filters would see: with `#` nothing below `$`. An output that is too slow costs lines, which are
 * counted, never time. A payload that is no text is shown as hex (or base64 in JSON) and it goes on.
 */

import picocolors from 'picocolors';
import type { BrokerObserver } from '../broker/index.ts';
import type { Message } from '../session/index.ts';
import { matches } from '../topic/index.ts';
import { escapeBody, escapeJsonLine, escapeLine, quoteValue } from './escape.ts';
import { clock } from './log-line.ts';
import { type TextOutput, TextQueue } from './text-queue.ts';

export type MessageFormat = 'seed' | 'line' | 'json';

export interface MessageLoggerOptions {
  /**
   * `seed`: an empty line, `[MSG] Topic: <topic>`, `Payload: <text>`; `line`: one line each; `json`: one
   * object each (NDJSON).
   */
  readonly format: MessageFormat;
  /** Messages that match one of them are shown; all valid. Default `#`. */
  readonly topicFilters?: readonly string[];
  readonly output: TextOutput;
  readonly colors?: boolean;
  /** Longer payloads are cut. Default 64 KiB. */
  readonly payloadBytesMax?: number;
  /** What may wait for a slow output. Default 1 MiB. */
  readonly waitingBytesMax?: number;
}

export interface MessageLogger extends BrokerObserver {
  /** Messages that were not shown because the output was too slow or gone. */
  readonly skipped: number;
  /** Writes what waits, at once. */
  flush(): void;
  /** Writes what waits; messages logged later are lost. The output stays open. */
  close(): Promise<void>;
}

interface Payload {
  /** undefined when the bytes are not UTF-8. */
  readonly text: string | undefined;
  readonly bytes: Uint8Array;
  readonly cutBytes: number;
}

type Format = (message: Message, payload: Payload) => string;
type Colors = ReturnType<typeof picocolors.createColors>;

export function createMessageLogger(options: MessageLoggerOptions): MessageLogger {
  const filters = options.topicFilters ?? ['#'];
  const payloadBytesMax = options.payloadBytesMax ?? 64 * 1024;
  const format = formats[options.format](picocolors.createColors(options.colors ?? false));
  const queue = new TextQueue({
    output: options.output,
    bytesMax: options.waitingBytesMax ?? 1024 * 1024,
    skippedText: skippedTexts[options.format],
  });
  return {
    name: 'message-logger',
    get skipped() {
      return queue.skipped;
    },
    flush: () => queue.flush(),
    close: () => queue.close(),
    messagePublished(message) {
      if (!filters.some((filter) => matches(filter, message.topicName))) return;
      if (queue.isFull) queue.skip();
      else queue.write(format(message, readPayload(message.payload, payloadBytesMax)));
    },
  };
}

const formats: Readonly<Record<MessageFormat, (colors: Colors) => Format>> = {
  seed: (colors) => (message, payload) => {
    const topic = colors.cyan(escapeLine(message.topicName));
    return `\n[MSG] Topic: ${topic}\nPayload: ${payloadText(payload, escapeBody)}\n`;
  },
  line: (colors) => (message, payload) => {
    const time = colors.dim(clock(message.receivedAtMs, '.'));
    const marks = colors.dim(`q${message.qos}${message.retain ? 'r' : ''}`);
    const topic = colors.cyan(quoteValue(message.topicName));
    return `${time} ${marks} ${topic} ${payloadText(payload, escapeLine)}\n`;
  },
  json: () => (message, payload) => {
    const object = {
      time: new Date(message.receivedAtMs).toISOString(),
      topic: message.topicName,
      qos: message.qos,
      retain: message.retain,
      client: message.publisherId,
      username: message.publisherName,
      bytes: message.payload.length,
      ...(payload.text === undefined
        ? { payload_base64: base64(payload.bytes) }
        : { payload: payload.text }),
      ...(payload.cutBytes > 0 ? { cut_bytes: payload.cutBytes } : {}),
    };
    return escapeJsonLine(`${JSON.stringify(object)}\n`);
  },
};

const skippedTexts: Readonly<Record<MessageFormat, (count: number) => string>> = {
  seed: (count) => `\n[SERVER] ${count} messages not shown: the output was too slow\n`,
  line: (count) => `… ${count} messages not shown: the output was too slow\n`,
  json: (count) => `{"skipped":${count}}\n`,
};

function readPayload(whole: Uint8Array, bytesMax: number): Payload {
  const cutBytes = Math.max(0, whole.length - bytesMax);
  const bytes = cutBytes > 0 ? whole.subarray(0, bytesMax) : whole;
  return { text: decode(bytes, cutBytes > 0), bytes, cutBytes };
}

/** undefined when it is not UTF-8. Where the end was cut off, half a character there is no fault. */
function decode(bytes: Uint8Array, isCut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: isCut,
    });
  } catch {
    // The one way in which a fatal decoder says that bytes are not UTF-8.
    return undefined;
  }
}

function payloadText(payload: Payload, shown: (text: string) => string): string {
  const text = payload.text === undefined ? `0x${hex(payload.bytes)}` : shown(payload.text);
  return payload.cutBytes > 0 ? `${text}… (${payload.cutBytes} bytes more)` : text;
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(bytes: Uint8Array): string {
  return buffer(bytes).toString('hex');
}

function base64(bytes: Uint8Array): string {
  return buffer(bytes).toString('base64');
}

/** The life-cycle lines that go with the format `seed`, each without its line feed. */
export const seedLines: {
  readonly started: (bind: string) => string;
  readonly loggerActive: string;
  readonly interrupted: string;
  readonly stopped: string;
  readonly closed: string;
} = {
  /** @param bind as configured, `0.0.0.0:1883` */
  started: (bind) => `[SERVER] Internal MQTT broker started at ${bind}`,
  loggerActive: '[SERVER] Message logger active. Press Ctrl+C to exit.',
  interrupted: '[SERVER] Keyboard interrupt received',
  stopped: '[SERVER] Broker stopped',
  closed: '[SERVER] Event loop closed',
};
