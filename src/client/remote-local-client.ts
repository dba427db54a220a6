/**
 * A `LocalClient` whose broker is somewhere else: what a gateway publishes goes to a remote server, and the
 * gateway need not know the difference.
 *
 * A gateway publishes whether or not the server can be reached. What cannot leave at once waits in a
 * queue of bounded length; when it is full the oldest message gives way, because of a sensor's readings
 * the newest is worth most. Each one that gave way is counted and reported. The alternatives were to block
 * the gateway (its device would not wait) and to drop the newest.
 *
 * Differences to a client inside the broker: `matched` is always 0, because a server does not say how many
 * received a message; a QoS 0 message is answered as soon as it is queued; a subscription made while the
 * server cannot be reached is answered at once and sent later.
 */
import type {
  LocalClient,
  LocalMessageHandler,
  LocalPublish,
  LocalSubscribeOptions,
  LocalSubscription,
  MaybePromise,
  PublishResult,
} from '../broker/index.ts';
import { type PublishPacket, ReasonCode } from '../packet/index.ts';
import { Message } from '../session/index.ts';
import { FilterError, matches, parseSubscription } from '../topic/index.ts';
import { ClientError } from './client-error.ts';
import type { ConnectOptions } from './connect-options.ts';
import { Fifo } from './fifo.ts';
import { MqttClient } from './mqtt-client.ts';
import type { PublishAcknowledgement } from './outbound-flow.ts';

export interface RemoteLocalClientOptions {
  /** `reconnect` is always on, from the first attempt; `onMessage` is taken. */
  readonly connect: ConnectOptions;
  /** Messages that wait while they cannot be sent, default 10,000. */
  readonly queuedMessagesMax?: number | undefined;
  /** Told of the total each time a message gave way to a newer one. */
  readonly onDropped?: ((droppedCount: number) => void) | undefined;
  /** A subscription made without a connection was refused later. */
  readonly onSubscriptionRefused?: ((error: ClientError) => void) | undefined;
}

interface Queued {
  readonly message: LocalPublish;
  readonly answer: (result: PublishResult) => void;
}

interface RemoteSubscription extends LocalSubscription {
  /** The filter that Topic Names are matched against: without `$share/…/`. */
  readonly matchedFilter: string;
  readonly handler: LocalMessageHandler;
}

const accepted: PublishResult = { reasonCode: ReasonCode.success, matched: 0 };

export class RemoteLocalClient implements LocalClient {
  readonly #client: MqttClient;
  readonly #queuedMax: number;
  readonly #onDropped: (droppedCount: number) => void;
  readonly #onSubscriptionRefused: (error: ClientError) => void;
  readonly #queue = new Fifo<Queued>();
  readonly #subscriptions = new Set<RemoteSubscription>();
  #isDraining = false;
  #isClosed = false;
  #droppedCount = 0;

  /**
   * Starts connecting; `closed` tells when it gave up for good.
   * @throws {ClientError} `address`, when the URL cannot be used.
   */
  constructor(options: RemoteLocalClientOptions) {
    this.#queuedMax = options.queuedMessagesMax ?? 10_000;
    this.#onDropped = options.onDropped ?? (() => undefined);
    this.#onSubscriptionRefused = options.onSubscriptionRefused ?? (() => undefined);
    this.#client = new MqttClient({
      ...options.connect,
      reconnect: { ...options.connect.reconnect, fromStart: true },
      onMessage: (packet) => this.#dispatch(packet),
    });
    this.#client.start().then(
      () => undefined,
      () => this.#refuseQueued(),
    );
  }

  get clientId(): string {
    return this.#client.clientId;
  }

  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  /** Messages that wait to be sent. */
  get queuedCount(): number {
    return this.#queue.length;
  }

  /** Messages that gave way to newer ones since the start. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Resolves when no further attempt will be made: with the error, or undefined after `close`. */
  get closed(): Promise<ClientError | undefined> {
    return this.#client.closed;
  }

  publish(message: LocalPublish): MaybePromise<PublishResult> {
    if (this.#isClosed) return refused(ReasonCode.serverUnavailable, 'The client is closed.');
    if ((message.qos ?? 0) === 0) {
      let result: PublishResult = accepted;
      this.#enqueue(message, (answer) => {
        result = answer;
      });
      // An answer that comes later is about a message already accepted into the queue.
      return result;
    }
    return new Promise((resolve) => this.#enqueue(message, resolve));
  }

  /** @throws {ClientError} when the filter is invalid or the server refused it. */
  async subscribe(
    topicFilter: string,
    handler: LocalMessageHandler,
    options: LocalSubscribeOptions = {},
  ): Promise<LocalSubscription> {
    const parsed = parseSubscription(topicFilter, Number.POSITIVE_INFINITY);
    if (parsed instanceof FilterError) throw new ClientError('invalid', parsed.reason);
    const subscription: RemoteSubscription = {
      topicFilter,
      qos: options.qos ?? 0,
      matchedFilter: parsed.topicFilter,
      handler,
      unsubscribe: () => this.#unsubscribe(subscription),
    };
    this.#subscriptions.add(subscription);
    const answered = this.#client.subscribe([{ topicFilter, ...options }]).then((suback) => {
      if ((suback.reasonCodes[0] ?? 0) < 0x80) return;
      this.#subscriptions.delete(subscription);
      throw new ClientError('invalid', `The server refused the subscription to ${topicFilter}.`);
    });
    if (this.#client.isConnected) await answered;
    else answered.catch(this.#onSubscriptionRefused);
    return subscription;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Sends DISCONNECT and closes; what is queued is answered as refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#refuseQueued();
    this.#client.disconnect().catch(() => undefined);
  }

  #enqueue(given: LocalPublish, answer: (result: PublishResult) => void): void {
    const isNow = this.#client.isWritable && this.#queue.length === 0;
    if (isNow && (given.qos ?? 0) === 0) {
      this.#send(given, answer);
      return;
    }
    // The caller may reuse its buffer after the call; what is kept needs its own.
    const { payload } = given;
    const message =
      typeof payload === 'string' ? given : { ...given, payload: new Uint8Array(payload) };
    if (isNow) {
      this.#send(message, answer);
      return;
    }
    this.#queue.push({ message, answer });
    if (this.#queue.length > this.#queuedMax) this.#dropOldest();
    this.#drain();
  }

  #dropOldest(): void {
    const oldest = this.#queue.shift();
    this.#droppedCount++;
    oldest?.answer(refused(ReasonCode.quotaExceeded, 'Dropped: too many messages were waiting.'));
    this.#onDropped(this.#droppedCount);
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#client.whenWritable().then(
      () => {
        this.#isDraining = false;
        while (this.#client.isWritable) {
          const next = this.#queue.shift();
          if (next === undefined) return;
          this.#send(next.message, next.answer);
        }
        if (this.#queue.length > 0) this.#drain();
      },
      () => this.#refuseQueued(),
    );
  }

  #send(message: LocalPublish, answer: (result: PublishResult) => void): void {
    this.#client.send(message, (error, acknowledgement) => answer(result(error, acknowledgement)));
  }

  #refuseQueued(): void {
    this.#isClosed = true;
    for (let queued = this.#queue.shift(); queued !== undefined; queued = this.#queue.shift()) {
      queued.answer(refused(ReasonCode.serverUnavailable, 'The client is closed.'));
    }
  }

  #unsubscribe(subscription: RemoteSubscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    const { topicFilter } = subscription;
    for (const other of this.#subscriptions) if (other.topicFilter === topicFilter) return;
    // It fails only when the connection is over for good, and the subscription with it.
    this.#client.unsubscribe([topicFilter]).catch(() => undefined);
  }

  #dispatch(packet: PublishPacket): void {
    const message = messageOf(packet);
    for (const { matchedFilter, handler } of this.#subscriptions) {
      if (matches(matchedFilter, message.topicName)) handler(message, { retained: packet.retain });
    }
  }
}

function messageOf(packet: PublishPacket): Message {
  return new Message({
    topicName: packet.topicName,
    payload: packet.payload,
    qos: packet.qos,
    retain: packet.retain,
    properties: packet.properties,
    publisherId: '',
    publisherName: undefined,
    nowMs: Date.now(),
  });
}

function result(
  error: ClientError | undefined,
  acknowledgement: PublishAcknowledgement | undefined,
): PublishResult {
  if (acknowledgement === undefined) return refused(reasonOf(error), error?.message ?? '');
  const { reasonCode, properties } = acknowledgement;
  return { reasonCode, matched: 0, reasonString: properties?.reasonString };
}

function reasonOf(error: ClientError | undefined): ReasonCode {
  if (error?.code === 'invalid') return ReasonCode.topicNameInvalid;
  if (error?.code === 'not-supported') return ReasonCode.implementationSpecificError;
  return ReasonCode.serverUnavailable;
}

function refused(reasonCode: ReasonCode, reasonString: string): PublishResult {
  return { reasonCode, matched: 0, reasonString };
}
