/**
 * From a PUBLISH to an accepted Message: every check and decision between the wire and the dispatcher.
 * Without hooks it is synchronous and makes nothing but the Message.
 */
import {
  isValidUtf8,
  type MessageProperties,
  MqttVersion,
  type PublishPacket,
  QoS,
  ReasonCode,
  type Will,
} from '../packet/index.ts';
import { keptPayload, type Lsn, Message } from '../session/index.ts';
import { checkTopicName } from '../topic/index.ts';
import { type Core, orUnlimited, reportDrop } from './core.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { ClientFacts, DropCause } from './events.ts';
import type { MaybePromise, PublishRequest, Verdict } from './hooks.ts';
import { allowed } from './plugins.ts';
import type { RetainedMessages } from './retained-messages.ts';

/** What became of a PUBLISH. */
export interface Published {
  readonly reasonCode: ReasonCode;
  readonly reasonString: string | undefined;
  readonly matched: number;
  readonly lsn: Lsn;
  /** The rule that refused it asks to end the connection. */
  readonly disconnect: boolean;
}

/**
 * What became of it; where a hook answers later, a promise of the step that publishes it. The caller takes
 * that step, or leaves it when the client is gone: what was not acknowledged comes again on its next
 * connection, perhaps before the hook has answered, and must not be published twice [MQTT-4.3.3-10].
 */
export type PublishAnswer = Published | Promise<() => Published>;

/** A PUBLISH as it comes in, before it is a Message. */
export interface Incoming {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: MessageProperties | undefined;
}

export class Publishing {
  private readonly core: Core;
  private readonly dispatcher: Dispatcher;
  private readonly retained: RetainedMessages;
  private readonly memoryBytesMax: number;

  constructor(core: Core, dispatcher: Dispatcher, retained: RetainedMessages) {
    this.core = core;
    this.dispatcher = dispatcher;
    this.retained = retained;
    this.memoryBytesMax = orUnlimited(core.settings.limits.memoryBytesMax);
  }

  publish(client: ClientFacts, incoming: Incoming, checksPayloadFormat: boolean): PublishAnswer {
    const { plugins } = this.core;
    if (isSystemTopic(incoming.topicName)) {
      return this.refuse(client, incoming, {
        cause: 'not-authorized',
        reasonCode: ReasonCode.notAuthorized,
        rule: '$SYS is written by the broker only',
      });
    }
    if (plugins.authorizersOfPublish.length === 0 && plugins.transformers.length === 0) {
      return this.accept(client, incoming, checksPayloadFormat);
    }
    // A hook may look at it, or answer, when the chunk that it came in is no more.
    const payload = keptPayload(incoming.payload);
    const request: PublishRequest = { client, ...incoming, payload, isWill: false };
    const decision = this.decide(request, plugins.authorizePublish(request));
    if (decision instanceof Promise) {
      return decision.then((known) => () => this.conclude(request, known, checksPayloadFormat));
    }
    return this.conclude(request, decision, checksPayloadFormat);
  }

  /**
   * A Will Message: its topic was authorized at CONNECT, the transformers see it like any other. One that
   * throws is reported: the connection is ending already, and nobody else's may end for it.
   */
  publishWill(client: ClientFacts, will: Will): void {
    const { topicName, payload, qos, retain } = will;
    const properties = messagePropertiesOf(will);
    const request = { client, topicName, payload, qos, retain, properties, isWill: true };
    const failed = (error: unknown): void => {
      this.core.plugins.tell('internalError', `Will Message of ${client.clientId}`, error);
    };
    try {
      const decision = this.decide(request, allowed);
      if (decision instanceof Promise) {
        decision.then((known) => this.conclude(request, known, false)).catch(failed);
      } else this.conclude(request, decision, false);
    } catch (error) {
      failed(error);
    }
  }

  /** What the hooks make of it; nothing has happened yet. */
  private decide(
    request: PublishRequest,
    verdict: MaybePromise<Verdict>,
  ): MaybePromise<PublishDecision> {
    if (verdict instanceof Promise) return verdict.then((known) => this.decide(request, known));
    if (!verdict.allow) return { refusal: refusalOf(verdict) };
    const changed = this.core.plugins.transformPublish(request);
    return changed instanceof Promise ? changed.then(afterTransform) : afterTransform(changed);
  }

  private conclude(
    request: PublishRequest,
    { changed, refusal }: PublishDecision,
    checksPayloadFormat: boolean,
  ): Published {
    const { client, isWill } = request;
    if (refusal !== undefined) return this.refuse(client, request, refusal);
    return this.accept(client, changed, checksPayloadFormat, isWill);
  }

  private accept(
    client: ClientFacts,
    incoming: Incoming,
    checksPayloadFormat: boolean,
    isWill = false,
  ): Published {
    const refusal = this.check(client, incoming, checksPayloadFormat);
    if (refusal !== undefined) return this.refuse(client, incoming, refusal);
    const nowMs = this.core.runtime.nowMs();
    const message = new Message({
      topicName: incoming.topicName,
      payload: incoming.payload,
      qos: incoming.qos,
      retain: incoming.retain,
      properties: incoming.properties,
      publisherId: client.clientId,
      publisherName: client.username,
      nowMs,
    });
    const matched = this.dispatcher.dispatch(message, nowMs);
    if (isWill) this.core.plugins.tell('willPublished', message);
    return publishedTo(matched, message.lsn);
  }

  private check(
    client: ClientFacts,
    incoming: Incoming,
    checksPayloadFormat: boolean,
  ): PublishRefusal | undefined {
    const { topicName, payload, properties } = incoming;
    const { topicLevelsMax } = this.core.settings.limits;
    if (topicName.length > topicLevelsMax) {
      // A shorter name cannot have more levels; the rest of its syntax the codec has checked.
      const wrong = checkTopicName(topicName, topicLevelsMax);
      if (wrong !== undefined) {
        return {
          cause: 'topic-invalid',
          reasonCode: ReasonCode.topicNameInvalid,
          reasonString: wrong,
          rule: `topic_levels_max ${topicLevelsMax}`,
        };
      }
    }
    if (checksPayloadFormat && properties?.payloadFormatIndicator === 1 && !isValidUtf8(payload)) {
      return {
        cause: 'payload-format',
        reasonCode: ReasonCode.payloadFormatInvalid,
        reasonString: 'the payload is not the UTF-8 text it claims to be',
        rule: 'payload_format_check',
      };
    }
    if (incoming.retain && payload.length > 0) {
      const rule = this.retained.refusal(topicName, payload.length);
      if (rule !== undefined) {
        return { cause: 'quota', reasonCode: ReasonCode.quotaExceeded, reasonString: rule, rule };
      }
    }
    const { totals, storeWatch } = this.core;
    if (storeWatch.fault !== undefined && (incoming.qos > QoS.atMostOnce || incoming.retain)) {
      const rule = `the store: ${storeWatch.fault.code}`;
      const reasonCode = ReasonCode.quotaExceeded;
      const reasonString = 'the broker cannot store messages at the moment';
      const disconnect = client.protocolVersion !== MqttVersion.v5 && incoming.qos > QoS.atMostOnce;
      return { cause: 'quota', reasonCode, reasonString, rule, disconnect };
    }
    if (totals.queuedBytes + totals.inflightBytes > this.memoryBytesMax) {
      const rule = `memory_bytes_max ${this.memoryBytesMax}`;
      const reasonCode = ReasonCode.quotaExceeded;
      // It passes, so a 3.x client has to keep the message and try again [MQTT3-4.8.0-2].
      const disconnect = client.protocolVersion !== MqttVersion.v5 && incoming.qos > QoS.atMostOnce;
      return { cause: 'quota', reasonCode, reasonString: rule, rule, disconnect };
    }
    return undefined;
  }

  private refuse(client: ClientFacts, incoming: Incoming, refusal: PublishRefusal): Published {
    reportDrop(this.core, {
      cause: refusal.cause,
      topicName: incoming.topicName,
      qos: incoming.qos,
      payloadBytes: incoming.payload.length,
      clientId: undefined,
      publisherId: client.clientId,
      rule: refusal.rule,
      reasonCode: refusal.reasonCode,
    });
    return {
      reasonCode: refusal.reasonCode,
      reasonString: refusal.reasonString,
      matched: 0,
      lsn: 0,
      disconnect: refusal.disconnect ?? false,
    };
  }
}

function publishedTo(matched: number, lsn: Lsn): Published {
  return (lsn === 0 ? usualResults[matched] : undefined) ?? result(matched, lsn);
}

function result(matched: number, lsn: Lsn): Published {
  const reasonCode = matched > 0 ? ReasonCode.success : ReasonCode.noMatchingSubscribers;
  return { reasonCode, reasonString: undefined, matched, lsn, disconnect: false };
}

/** Of messages that nobody has to wait for, by how many receivers they have. */
const usualResults: readonly Published[] = Array.from({ length: 16 }, (_, matched) =>
  result(matched, 0),
);

/** Exactly one of the two. */
type PublishDecision =
  | { readonly changed: PublishRequest; readonly refusal?: undefined }
  | { readonly changed?: undefined; readonly refusal: PublishRefusal };

function afterTransform(changed: PublishRequest | false): PublishDecision {
  if (changed !== false) return { changed };
  const reasonCode = ReasonCode.implementationSpecificError;
  return { refusal: { cause: 'refused-by-hook', reasonCode, rule: 'transformPublish' } };
}

interface PublishRefusal {
  readonly cause: DropCause;
  readonly reasonCode: ReasonCode;
  readonly reasonString?: string | undefined;
  readonly rule: string;
  readonly disconnect?: boolean | undefined;
}

function isSystemTopic(topicName: string): boolean {
  return topicName.charCodeAt(0) === 0x24 && topicName.startsWith('$SYS/');
}

/** What an authorizer's no means: "message rate too high" is told as a quota, which PUBACK can say. */
function refusalOf(verdict: Extract<Verdict, { allow: false }>): PublishRefusal {
  const { reasonCode, reasonString, rule, disconnect = false } = verdict;
  if (reasonCode !== ReasonCode.messageRateTooHigh) {
    return { cause: 'not-authorized', reasonCode, reasonString, rule, disconnect };
  }
  const told = disconnect ? reasonCode : ReasonCode.quotaExceeded;
  return { cause: 'rate-limited', reasonCode: told, reasonString, rule, disconnect };
}

/** The properties of a Will Message that travel on, without its delay. */
export function messagePropertiesOf(will: Will): MessageProperties | undefined {
  if (will.properties === undefined) return undefined;
  const { willDelayInterval: _delay, ...properties } = will.properties;
  return properties;
}

/** The PUBLISH without its Topic Alias, which belongs to the connection it came on [MQTT-3.3.2-7]. */
export function withoutAlias(packet: PublishPacket, topicName: string): Incoming {
  const { payload, qos, retain } = packet;
  const { topicAlias: _alias, ...message } = packet.properties ?? {};
  const isEmpty = Object.values(message).every((value) => value === undefined);
  return { topicName, payload, qos, retain, properties: isEmpty ? undefined : message };
}
