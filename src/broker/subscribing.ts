import {
  ProtocolError,
  type QoS,
  ReasonCode,
  RetainHandling,
  type SubscribePacket,
  type SubscriptionRequest,
} from '../packet/index.ts';
import type { Lsn, Session, Subscription } from '../session/index.ts';
import { FilterError, type ParsedFilter, parseSubscription } from '../topic/index.ts';
import { type Core, orUnlimited } from './core.ts';
import type { ClientFacts } from './events.ts';
import { type HistoryReplays, type ReadRequest, readRequest } from './history-replays.ts';
import { ReplayRequestError, withoutReplay } from './history-request.ts';
import type { MaybePromise, Verdict } from './hooks.ts';
import type { SessionRegistry } from './session-registry.ts';

/** The lines of a SUBACK, and what it has to wait for. */
export interface Subscribed {
  readonly reasonCodes: ReasonCode[];
  lsn: Lsn;
  /** The sentence of a refusal that needs one. */
  reasonString?: string;
}

/** The client that asks. */
export interface Subscriber {
  readonly client: ClientFacts;
  readonly session: Session;
  readonly connection: { readonly isFinished: boolean };
}

/** SUBSCRIBE and UNSUBSCRIBE: each filter is checked, decided and answered on its own [MQTT-3.8.4-5]. */
export class Subscribing {
  private readonly core: Core;
  private readonly sessions: SessionRegistry;
  private readonly startReplay: (subscription: Subscription) => void;
  private readonly replays: HistoryReplays | undefined;

  /**
   * @param startReplay lets the subscription have the Retained Messages that match it
   * @param replays lets it have messages of the past; undefined where none are kept
   */
  constructor(
    core: Core,
    sessions: SessionRegistry,
    startReplay: (subscription: Subscription) => void,
    replays?: HistoryReplays,
  ) {
    this.core = core;
    this.sessions = sessions;
    this.startReplay = startReplay;
    this.replays = replays;
  }

  /**
   * Answers at once unless an asynchronous hook has to be asked.
   *
   * @throws {ProtocolError} for No Local on a Shared Subscription [MQTT-3.8.3-4]
   */
  subscribe(subscriber: Subscriber, packet: SubscribePacket): MaybePromise<Subscribed> {
    for (const { noLocal, topicFilter } of packet.subscriptions) {
      if (noLocal && topicFilter.startsWith('$share/')) {
        const text = 'No Local is not for Shared Subscriptions';
        throw new ProtocolError(ReasonCode.protocolError, text);
      }
    }
    const result: Subscribed = { reasonCodes: [], lsn: 0 };
    return this.subscribeFrom(0, subscriber, packet, result);
  }

  private subscribeFrom(
    first: number,
    subscriber: Subscriber,
    packet: SubscribePacket,
    result: Subscribed,
  ): MaybePromise<Subscribed> {
    for (let i = first; i < packet.subscriptions.length; i++) {
      const written = packet.subscriptions[i] as SubscriptionRequest;
      const read = this.read(written, packet);
      if (read instanceof ReplayRequestError) {
        result.reasonString ??= read.reason;
        this.refuse(subscriber, written, ReasonCode.topicFilterInvalid, read.reason, result);
        continue;
      }
      const { request } = read;
      const parsed = this.parse(request.topicFilter);
      if (parsed instanceof FilterError) {
        this.refuse(subscriber, request, ReasonCode.topicFilterInvalid, parsed.reason, result);
        continue;
      }
      const verdict = this.authorize(subscriber.client, request, parsed);
      if (verdict instanceof Promise) {
        return verdict.then((known) => {
          // The client is gone: on its next connection it may have changed its mind already.
          if (subscriber.connection.isFinished) return result;
          this.conclude(subscriber, packet, read, parsed, known, result);
          return this.subscribeFrom(i + 1, subscriber, packet, result);
        });
      }
      this.conclude(subscriber, packet, read, parsed, verdict, result);
    }
    return result;
  }

  /** @returns Reason Codes for UNSUBACK, one for each filter [MQTT-3.11.3-1], and what to wait for. */
  unsubscribe(
    subscriber: Subscriber,
    topicFilters: readonly string[],
  ): { reasonCodes: ReasonCode[]; lsn: Lsn } {
    const { client, session } = subscriber;
    const reasonCodes: ReasonCode[] = [];
    let lsn = 0;
    for (const written of topicFilters) {
      const topicFilter = withoutReplay(written);
      const known = session.subscriptions.get(topicFilter);
      const removed = this.sessions.unsubscribe(session, topicFilter);
      if (removed === undefined || known === undefined) {
        const isInvalid = this.parse(topicFilter) instanceof FilterError;
        reasonCodes.push(
          isInvalid ? ReasonCode.topicFilterInvalid : ReasonCode.noSubscriptionExisted,
        );
        continue;
      }
      lsn = Math.max(lsn, removed);
      this.replays?.unsubscribed(session, topicFilter);
      reasonCodes.push(ReasonCode.success);
      this.core.plugins.tell('clientUnsubscribed', { ...client, topicFilter, qos: known.qos });
    }
    return { reasonCodes, lsn };
  }

  /** Syntax and limits of a filter as the client wrote it. */
  parse(text: string): ParsedFilter | FilterError {
    const { topicLevelsMax, topicFilterBytesMax } = this.core.settings.limits;
    if (isLonger(text, topicFilterBytesMax)) {
      return new FilterError(`longer than topic_filter_bytes_max ${topicFilterBytesMax}`, false);
    }
    return parseSubscription(text, topicLevelsMax);
  }

  /** Whether it asks for messages of the past, and by which filter. */
  private read(
    written: SubscriptionRequest,
    packet: SubscribePacket,
  ): ReadRequest | ReplayRequestError {
    const userProperties = packet.properties?.userProperties;
    const nowMs = this.core.runtime.nowMs();
    return readRequest(written, userProperties, nowMs, this.replays !== undefined);
  }

  private authorize(
    client: ClientFacts,
    request: SubscriptionRequest,
    parsed: ParsedFilter,
  ): MaybePromise<Verdict> {
    const topicFilter = parsed.topicFilter;
    return this.core.plugins.authorizeSubscribe(
      client,
      topicFilter === request.topicFilter ? request : { ...request, topicFilter },
      parsed.shareName,
    );
  }

  private conclude(
    subscriber: Subscriber,
    packet: SubscribePacket,
    { request, replay }: ReadRequest,
    parsed: ParsedFilter,
    verdict: Verdict,
    result: Subscribed,
  ): void {
    const { session, client } = subscriber;
    const { subscriptionsPerClientMax } = this.core.settings.limits;
    if (!verdict.allow) {
      this.refuse(subscriber, request, verdict.reasonCode, verdict.rule, result);
      return;
    }
    const isNew = !session.subscriptions.has(request.topicFilter);
    if (isNew && session.subscriptions.size >= orUnlimited(subscriptionsPerClientMax)) {
      const rule = `subscriptions_per_client_max ${subscriptionsPerClientMax}`;
      this.refuse(subscriber, request, ReasonCode.quotaExceeded, rule, result);
      return;
    }
    const { subscription, replaced, lsn } = this.sessions.subscribe({
      session,
      topicFilter: parsed.topicFilter,
      shareName: parsed.shareName,
      qos: request.qos,
      noLocal: request.noLocal,
      retainAsPublished: request.retainAsPublished,
      retainHandling: request.retainHandling,
      identifier: packet.properties?.subscriptionIdentifier,
    });
    result.lsn = Math.max(result.lsn, lsn);
    result.reasonCodes.push(grantedCode(request.qos));
    if (this.replays?.subscribed(subscription, replay) !== true) {
      if (wantsRetained(subscription, replaced)) this.startReplay(subscription);
    }
    const { topicFilter, qos } = request;
    this.core.plugins.tell('clientSubscribed', { ...client, topicFilter, qos });
  }

  private refuse(
    subscriber: Subscriber,
    request: SubscriptionRequest,
    reasonCode: ReasonCode,
    rule: string,
    result: Subscribed,
  ): void {
    result.reasonCodes.push(reasonCode);
    const { topicFilter, qos } = request;
    const { client } = subscriber;
    this.core.plugins.tell('subscriptionRefused', {
      ...client,
      topicFilter,
      qos,
      reasonCode,
      rule,
    });
  }
}

/** Retain Handling [MQTT-3.3.1-9..11]; a Shared Subscription gets none (§4.8.2). */
function wantsRetained(subscription: Subscription, replaced: Subscription | undefined): boolean {
  if (subscription.shareName !== undefined) return false;
  if (subscription.retainHandling === RetainHandling.send) return true;
  return subscription.retainHandling === RetainHandling.sendIfNew && replaced === undefined;
}

const encoder = new TextEncoder();

/** A character of the string is 1 to 3 bytes, so most need not be encoded to know. */
function isLonger(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && encoder.encode(text).length > bytesMax;
}

function grantedCode(qos: QoS): ReasonCode {
  return qos;
}
