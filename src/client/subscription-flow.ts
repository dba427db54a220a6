/**
 * SUBSCRIBE and UNSUBSCRIBE until they are answered, and the subscriptions that were granted, so that a
 * new connection without the old Session gets them again.
 */
import {
  type ClientPacket,
  PacketType,
  type ReasonCode,
  type SubackPacket,
  type SubscribePacket,
  type SubscribeProperties,
  type SubscriptionRequest,
  type UnsubackPacket,
  type UnsubscribePacket,
} from '../packet/index.ts';
import { ClientError } from './client-error.ts';
import type { PacketIds } from './packet-ids.ts';

type Request = SubscribePacket | UnsubscribePacket;
type Answer = SubackPacket | UnsubackPacket;

interface Pending {
  readonly packet: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: ClientError) => void;
}

interface Granted {
  readonly subscription: SubscriptionRequest;
  readonly properties: SubscribeProperties | undefined;
}

export class SubscriptionFlow {
  readonly #ids: PacketIds;
  readonly #send: (packet: ClientPacket) => void;
  readonly #refused: (topicFilter: string, reasonCode: ReasonCode) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #granted = new Map<string, Granted>();
  #isConnected = false;

  /** `refused` hears of subscriptions that the server no longer grants after a reconnect. */
  constructor(
    ids: PacketIds,
    send: (packet: ClientPacket) => void,
    refused: (topicFilter: string, reasonCode: ReasonCode) => void,
  ) {
    this.#ids = ids;
    this.#send = send;
    this.#refused = refused;
  }

  /** Sends now, or as soon as there is a connection. */
  request(packet: Request): Promise<Answer> {
    return new Promise((resolve, reject) => this.#start({ packet, resolve, reject }));
  }

  connected(sessionPresent: boolean): void {
    this.#isConnected = true;
    const pending = [...this.#pending];
    this.#pending.clear();
    if (!sessionPresent) this.#subscribeAgain();
    for (const [packetId, request] of pending) {
      this.#ids.release(packetId);
      this.#start(request);
    }
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  answered(answer: Answer): void {
    const request = this.#pending.get(answer.packetId);
    if (request === undefined || !isAnswerTo(request.packet, answer)) return;
    this.#pending.delete(answer.packetId);
    this.#ids.release(answer.packetId);
    this.#remember(request.packet, answer);
    request.resolve(answer);
  }

  /** No connection will come any more. */
  fail(error: ClientError): void {
    const requests = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of requests) reject(error);
  }

  #start({ packet, resolve, reject }: Pending): void {
    const packetId = this.#ids.take();
    const numbered = { ...packet, packetId };
    this.#pending.set(packetId, { packet: numbered, resolve, reject });
    if (!this.#isConnected) return;
    try {
      this.#send(numbered);
    } catch (error) {
      this.#pending.delete(packetId);
      this.#ids.release(packetId);
      if (!(error instanceof ClientError)) throw error;
      reject(error);
    }
  }

  #remember(packet: Request, answer: Answer): void {
    if (packet.type === PacketType.unsubscribe) {
      for (const topicFilter of packet.topicFilters) this.#granted.delete(topicFilter);
      return;
    }
    const { properties } = packet;
    for (const [index, subscription] of packet.subscriptions.entries()) {
      const isGranted = (answer.reasonCodes[index] ?? 0) < 0x80;
      if (isGranted) this.#granted.set(subscription.topicFilter, { subscription, properties });
    }
  }

  /** One SUBSCRIBE for each Subscription Identifier, because it holds for the whole packet. */
  #subscribeAgain(): void {
    const byProperties = new Map<SubscribeProperties | undefined, SubscriptionRequest[]>();
    for (const { subscription, properties } of this.#granted.values()) {
      const subscriptions = byProperties.get(properties);
      if (subscriptions === undefined) byProperties.set(properties, [subscription]);
      else subscriptions.push(subscription);
    }
    this.#granted.clear();
    for (const [properties, subscriptions] of byProperties) {
      const packet = { type: PacketType.subscribe, packetId: 0, subscriptions, properties };
      const resolve = (answer: Answer): void => this.#reportRefused(subscriptions, answer);
      // Lost once more: the subscriptions are still wanted at the next connection.
      this.#start({ packet, resolve, reject: () => undefined });
    }
  }

  #reportRefused(subscriptions: readonly SubscriptionRequest[], answer: Answer): void {
    for (const [index, { topicFilter }] of subscriptions.entries()) {
      const reasonCode = answer.reasonCodes[index];
      if (reasonCode !== undefined && reasonCode >= 0x80) this.#refused(topicFilter, reasonCode);
    }
  }
}

function isAnswerTo(request: Request, answer: Answer): boolean {
  return request.type === PacketType.subscribe
    ? answer.type === PacketType.suback
    : answer.type === PacketType.unsuback;
}
