/** The broker's facts as log lines: which event, how important, with which fields, said how. */
import type {
  ClientConnected,
  ClientDisconnected,
  ClientFacts,
  ConnectionRefused,
  DisconnectCause,
  DropCause,
  LinkOrigin,
  MessageDropped,
  SubscriptionFacts,
  SubscriptionRefused,
} from '../broker/index.ts';
import { type MqttVersion, type QoS, ReasonCode } from '../packet/index.ts';
import type { Message } from '../session/index.ts';
import { events } from './events.ts';
import type { LogFields } from './log-fields.ts';
import type { LogLevel } from './log-level.ts';

export interface FactLine {
  readonly event: string;
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly message?: string;
  /** Present where repetitions are folded. */
  readonly fold?: {
    /** What makes two lines the same; begins with what the event is about. */
    readonly kind: string;
    /** What a summary shows: who and which rule, not the topic of one of many messages. */
    readonly fields: LogFields;
  };
}

/** Losses that a client asked for: it set the expiry, it went away with QoS 0 subscriptions. */
const ordinaryDrops: ReadonlySet<DropCause> = new Set(['expired', 'offline-qos0', 'session-ended']);

const disconnectLevels: Readonly<Partial<Record<DisconnectCause, LogLevel>>> = {
  'protocol-error': 'WARNING',
  'queue-full': 'WARNING',
  'not-authorized': 'WARNING',
  'internal-error': 'ERROR',
};

export function connectedLine(fact: ClientConnected): FactLine {
  return {
    event: 'client.connected',
    level: 'INFO',
    fields: {
      ...clientFields(fact),
      transport: fact.origin.transport,
      protocol: protocolName(fact.protocolVersion),
      keepAlive: fact.keepAlive,
      cleanStart: fact.cleanStart,
      sessionPresent: fact.sessionPresent,
      sessionExpiry: fact.sessionExpiryInterval,
      encryption: fact.origin.encryption,
    },
    message: `Client connected: ${whoText(fact)}`,
  };
}

export function disconnectedLine(fact: ClientDisconnected): FactLine {
  const { cause, clientId: client, detail } = fact;
  const level = disconnectLevels[cause] ?? 'INFO';
  const seconds = (fact.connectedForMs / 1000).toFixed(1);
  const line: FactLine = {
    event: 'client.disconnected',
    level,
    fields: {
      ...clientFields(fact),
      cause,
      reason: reasonText(fact.reasonCode),
      connectedMs: Math.round(fact.connectedForMs),
      detail,
    },
    message: `Client disconnected: ${whoText(fact)}, ${cause} after ${seconds} s${
      detail === undefined ? '' : ` (${detail})`
    }`,
  };
  if (level === 'INFO') return line;
  return {
    ...line,
    fold: { kind: kindOf('disconnect', cause, client), fields: { client, cause } },
  };
}

export function refusedLine(fact: ConnectionRefused): FactLine {
  const { cause, clientId: client } = fact;
  const origin = originFields(fact.origin);
  return {
    event: 'connection.refused',
    level: cause === 'server-shutdown' ? 'INFO' : 'WARNING',
    fields: {
      client,
      user: fact.username,
      ...origin,
      transport: fact.origin.transport,
      cause,
      reason: reasonText(fact.reasonCode),
    },
    message: fact.detail,
    fold: {
      kind: kindOf('refusal', cause, origin.ip, client),
      fields: { client, ip: origin.ip, cause },
    },
  };
}

export function subscriptionLine(
  event: 'client.subscribed' | 'client.unsubscribed',
  fact: SubscriptionFacts,
): FactLine {
  const fields = { ...clientFields(fact), filter: fact.topicFilter, qos: fact.qos };
  return { event, level: 'DEBUG', fields };
}

export function subscriptionRefusedLine(fact: SubscriptionRefused): FactLine {
  const { client, user, ip } = clientFields(fact);
  const { topicFilter: filter, rule } = fact;
  return {
    event: 'acl.subscribe.denied',
    level: 'WARNING',
    fields: { client, user, ip, filter, rule, reason: reasonText(fact.reasonCode) },
    fold: { kind: kindOf('subscribe', client, rule), fields: { client, rule } },
  };
}

/** The `fold.kind` of `droppedLine`. */
export function dropKind(fact: MessageDropped): string {
  return kindOf('drop', fact.cause, fact.clientId ?? fact.publisherId, fact.rule);
}

export function droppedLine(fact: MessageDropped): FactLine {
  const { cause, rule, topicName: topic, clientId, publisherId: publisher, qos } = fact;
  const reason = reasonText(fact.reasonCode);
  if (cause === 'not-authorized') {
    return deniedLine('acl.publish.denied', fact, publisher, { topic, rule, reason });
  }
  if (cause === 'read-not-authorized') {
    return deniedLine('acl.delivery.denied', fact, clientId, { publisher, topic, rule });
  }
  return {
    event: 'message.dropped',
    level: ordinaryDrops.has(cause) ? 'INFO' : 'WARNING',
    fields: {
      cause,
      client: clientId,
      publisher,
      topic,
      qos,
      bytes: fact.payloadBytes,
      rule,
      reason,
    },
    fold: {
      kind: dropKind(fact),
      fields:
        clientId === undefined ? { cause, publisher, rule } : { cause, client: clientId, rule },
    },
  };
}

function deniedLine(
  event: string,
  fact: MessageDropped,
  client: string | undefined,
  fields: LogFields,
): FactLine {
  const fold = { kind: dropKind(fact), fields: { client, rule: fact.rule } };
  return { event, level: 'WARNING', fields: { client, ...fields }, fold };
}

export function internalErrorLine(where: string, error: unknown): FactLine {
  const failure = error instanceof Error ? error : new Error(String(error));
  return {
    event: 'internal.error',
    level: 'ERROR',
    fields: { where, error: failure },
    fold: { kind: kindOf('error', where, failure.message), fields: { where } },
  };
}

export function messageFields(message: Message): LogFields {
  return {
    client: message.publisherId,
    user: message.publisherName,
    topic: message.topicName,
    qos: message.qos,
    retain: message.retain,
    bytes: message.payload.length,
  };
}

export function deliveryFields(message: Message, clientId: string, qos: QoS): LogFields {
  return {
    client: clientId,
    publisher: message.publisherId,
    topic: message.topicName,
    qos,
    bytes: message.payload.length,
  };
}

/** The module that the table of events gives to this one. */
export function moduleOf(event: string): string {
  return events[event]?.module ?? 'broker';
}

function kindOf(...parts: readonly (string | undefined)[]): string {
  return parts.join('\n');
}

interface OriginFields {
  readonly ip: string | undefined;
  readonly port: number | undefined;
  readonly listener: string;
}

function originFields(origin: LinkOrigin): OriginFields {
  const hasAddress = origin.remoteAddress !== '';
  return {
    ip: hasAddress ? origin.remoteAddress : undefined,
    port: hasAddress ? origin.remotePort : undefined,
    listener: origin.listenerName,
  };
}

function clientFields(
  fact: ClientFacts,
): OriginFields & { readonly client: string; readonly user: string | undefined } {
  return { client: fact.clientId, user: fact.username, ...originFields(fact.origin) };
}

/** `None` where there is no user name: the words of the line that scripts already read. */
function whoText(fact: ClientFacts): string {
  return `${fact.clientId}, Username: ${fact.username ?? 'None'}`;
}

function protocolName(version: MqttVersion): string {
  return { 3: '3.1', 4: '3.1.1', 5: '5.0' }[version];
}

/** The first name of a number is the general one: 0 is `success`. */
const reasonNames: ReadonlyMap<number, string> = new Map(
  Object.entries(ReasonCode)
    .map(([name, code]): [number, string] => [code, name])
    .reverse(),
);

/** `notAuthorized(0x87)`. */
function reasonText(code: ReasonCode): string {
  return `${reasonNames.get(code) ?? 'unknown'}(0x${code.toString(16).padStart(2, '0')})`;
}
