/**
 * What the interoperability tests need of a client that others wrote: one that listens, and one that
 * publishes. A row of the tables here is a library; each says what it supports.
 */
import type { QoS } from '../../src/packet/index.ts';

export const versions = ['3.1', '3.1.1', '5'] as const;
export type Version = (typeof versions)[number];

export const transports = ['tcp', 'tls', 'ws', 'wss', 'unix'] as const;
export type Transport = (typeof transports)[number];

/** Where and as whom a client connects. */
export interface Access {
  readonly version: Version;
  readonly transport: Transport;
  /** Of the Unix socket. */
  readonly path: string;
  readonly port: number;
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile: string;
}

export interface Content {
  readonly topicName: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
}

export interface ListenOptions {
  readonly topicFilter: string;
  readonly qos: QoS;
  /** Given: the Session outlives the connection. */
  readonly clientId?: string;
  readonly will?: Content;
}

/** A client that is subscribed. */
export interface Listening {
  readonly inbox: Inbox;
  /** DISCONNECT, then gone. */
  end(): Promise<void>;
  /** Gone without DISCONNECT. */
  drop(): Promise<void>;
}

export interface OutsideLibrary {
  readonly name: string;
  /** false, or why it cannot be used here. */
  readonly skip: string | false;
  readonly transports: readonly Transport[];
  /** Resolves when SUBACK came. */
  listen(access: Access, options: ListenOptions): Promise<Listening>;
  /** Resolves when the messages are acknowledged, as far as their QoS has it; one connection for all. */
  publish(access: Access, contents: readonly Content[]): Promise<void>;
}

const patienceMs = 10_000;

/** What a client received, in order. */
export class Inbox {
  readonly #contents: Content[] = [];
  #arrival = Promise.withResolvers<void>();

  put(content: Content): void {
    this.#contents.push(content);
    const { resolve } = this.#arrival;
    this.#arrival = Promise.withResolvers();
    resolve();
  }

  /** The next messages under this Topic Name; rejects when they do not come. They are taken out. */
  async take(topicName: string, count = 1): Promise<Content[]> {
    const limit = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => limit.resolve('late'), patienceMs);
    try {
      for (;;) {
        const found = this.#contents.filter((content) => content.topicName === topicName);
        if (found.length >= count) return this.#without(found.slice(0, count));
        if ((await Promise.race([this.#arrival.promise, limit.promise])) === 'late') {
          throw new Error(`${found.length} of ${count} messages came under ${topicName}`);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Everything that came and was not taken. */
  get rest(): readonly Content[] {
    return this.#contents;
  }

  #without(taken: Content[]): Content[] {
    for (const content of taken) this.#contents.splice(this.#contents.indexOf(content), 1);
    return taken;
  }
}

/** As messages are compared: text where it is short, so that a failure can be read. */
export function shown({ topicName, payload, qos, retain }: Content): string {
  const text = payload.length > 40 ? `${payload.length} bytes` : payload.toString('hex');
  return `${topicName} q${qos}${retain ? ' retained' : ''} ${text}`;
}
