import {
  type BrokerPlugin,
  type HistoryPage,
  type HistoryQuery,
  LocalClientError,
  type LocalMessageHandler,
  type LocalPublish,
  type LocalSubscribeOptions,
  type LocalSubscription,
} from './broker/index.ts';
import { type ConfigInput, parseConfigObject } from './config/index.ts';
import type { MessageProperties, QoS } from './packet/index.ts';
import { Server } from './server.ts';

export interface EmbeddingOptions {
  readonly plugins?: readonly BrokerPlugin[];
}

export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties;
}

/** A broker inside the program. `stop` it, or let `await using` do that. */
export class EmbeddedBroker {
  readonly server: Server;
  private readonly own: ReturnType<Server['localClient']>;

  constructor(server: Server) {
    this.server = server;
    this.own = server.localClient({ clientId: '$embedded', username: '$embedded' });
  }

  /** The addresses of the listeners that were asked for, `mqtt://127.0.0.1:1883`. */
  get urls(): readonly string[] {
    return this.server.listeners.flatMap((listener) => listener.urls);
  }

  /**
   * Publishes in the name of the program.
   *
   * @returns how many receivers it matched
   * @throws {LocalClientError} when access rules, hooks or limits refused it
   */
  async publish(
    topicName: string,
    payload: LocalPublish['payload'],
    options: PublishOptions = {},
  ): Promise<number> {
    const result = await this.own.publish({ topicName, payload, ...options });
    if (result.reasonCode >= 0x80) {
      throw new LocalClientError(result.reasonCode, result.reasonString ?? 'refused');
    }
    return result.matched;
  }

  /** @throws {LocalClientError} when the filter is invalid or refused */
  subscribe(
    topicFilter: string,
    handler: LocalMessageHandler,
    options?: LocalSubscribeOptions,
  ): Promise<LocalSubscription> {
    return this.own.subscribe(topicFilter, handler, options);
  }

  /** A client inside the process under an identity of its own. */
  localClient(identity: {
    clientId: string;
    username: string | undefined;
  }): ReturnType<Server['localClient']> {
    return this.server.localClient(identity);
  }

  /** What was published before, page by page, oldest first unless the query says otherwise. */
  history(query: HistoryQuery): AsyncGenerator<HistoryPage, void, undefined> {
    return this.server.queryHistory(query);
  }

  getStatistics(): ReturnType<Server['getStatistics']> {
    return this.server.getStatistics();
  }

  async stop(): Promise<void> {
    this.own.close();
    await this.server.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * A running broker that listens and stores only as the options say: the same keys as linnet.yaml, of which
 * `mqtt`, `websocket`, `tls` and `listeners` open listeners, and none of them is open by default. No file
 * and no environment variable is read, nothing is logged.
 *
 * @example
 * await using broker = await createBroker({ mqtt: { host: '127.0.0.1', port: 0 } });
 * await broker.subscribe('hello', (message) => console.log(message.topicName));
 * await broker.publish('hello', 'hi');
 * @throws {ConfigError} with everything that is wrong in the options
 * @throws {ListenError} when an address cannot be taken
 */
export async function createBroker(
  options: ConfigInput = {},
  embedding: EmbeddingOptions = {},
): Promise<EmbeddedBroker> {
  const named = new Set(
    Object.keys(options).map((key) => key.toLowerCase().replaceAll(/[-_]/g, '')),
  );
  const server = new Server({
    config: parseConfigObject({
      ...(named.has('mqtt') || named.has('listeners') ? {} : { mqtt: { enabled: false } }),
      ...(named.has('websocket') || named.has('listeners')
        ? {}
        : { websocket: { enabled: false } }),
      ...(named.has('datadir') ? {} : { ephemeral: true }),
      ...options,
    }),
    plugins: embedding.plugins ?? [],
  });
  await server.start();
  return new EmbeddedBroker(server);
}
