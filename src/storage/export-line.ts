/**
 * The state of a store as lines of JSON, for people, for scripts and for moving to another store. A line is
 * one thing: a Session, a subscription, a message with everyone who has still to get it. Bytes that are UTF-8
 * are text; others are base64 under another name, so that nobody has to guess.
 *
 * Instants are milliseconds since 1970; null is "never". Numbers of messages (`id`, `queuedAt`, `sentAt`) are
 * places in the journal, which say in which order things happened; without them that is the order of lines.
 */
import { z } from 'zod';
import type { MqttVersion, QoS, RetainHandling } from '../packet/index.ts';
import type { Lsn } from '../session/index.ts';

export const exportVersion = 1;

export interface BytesJson {
  readonly payload?: string | undefined;
  /** Instead, when the bytes are no UTF-8. */
  readonly payloadBase64?: string | undefined;
}

export interface PropertiesJson {
  readonly payloadFormatIndicator?: 0 | 1 | undefined;
  readonly messageExpiryInterval?: number | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: string | undefined;
  readonly correlationDataBase64?: string | undefined;
  readonly userProperties?: (readonly [string, string])[] | undefined;
  readonly willDelayInterval?: number | undefined;
}

interface ContentJson extends BytesJson {
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain?: boolean | undefined;
  readonly properties?: PropertiesJson | undefined;
}

/** The first line of an export. */
export interface StoreLine {
  readonly kind: 'store';
  readonly version: typeof exportVersion;
  /** Of the journal; no number in the export is larger. */
  readonly lastLsn: Lsn;
}

export interface SessionLine {
  readonly kind: 'session';
  readonly session: number;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly protocolVersion?: MqttVersion | undefined;
  readonly expiryIntervalMs: number | null;
  /** null also while the client is connected. */
  readonly expiresAtMs: number | null;
  readonly disconnectedAtMs?: number | undefined;
  readonly will?: ContentJson | undefined;
}

export interface SubscriptionLine {
  readonly kind: 'subscription';
  readonly session: number;
  readonly topicFilter: string;
  readonly shareName?: string | undefined;
  readonly qos: QoS;
  readonly noLocal?: boolean | undefined;
  readonly retainAsPublished?: boolean | undefined;
  readonly retainHandling?: RetainHandling | undefined;
  readonly identifier?: number | undefined;
}

/** QoS 2 Packet Identifiers that the client has not released. */
export interface UnreleasedLine {
  readonly kind: 'unreleased';
  readonly session: number;
  readonly packetIds: number[];
}

export interface ReceiverJson {
  readonly session: number;
  readonly qos: QoS;
  readonly retain?: boolean | undefined;
  readonly subscriptionIdentifiers?: number[] | undefined;
  readonly share?: string | undefined;
  readonly queuedAt?: Lsn | undefined;
  /** It was sent under this Packet Identifier. */
  readonly packetId?: number | undefined;
  readonly sentAt?: Lsn | undefined;
  /** QoS 2: its PUBREC came. */
  readonly released?: boolean | undefined;
}

export interface MessageLine extends ContentJson {
  readonly kind: 'message';
  readonly id?: Lsn | undefined;
  readonly receivedAtMs: number;
  readonly publisherId: string;
  readonly publisherName?: string | undefined;
  /** It is the Retained Message of its Topic Name. */
  readonly retained?: boolean | undefined;
  /** Who has still to get it. */
  readonly to: ReceiverJson[];
}

export type ExportLine = StoreLine | SessionLine | SubscriptionLine | UnreleasedLine | MessageLine;

const count = z.int().min(0);
const qos = z.literal([0, 1, 2]);
const flag = z.boolean().optional();

const bytesFields = { payload: z.string().optional(), payloadBase64: z.base64().optional() };

const properties = z.strictObject({
  payloadFormatIndicator: z.literal([0, 1]).optional(),
  messageExpiryInterval: count.optional(),
  contentType: z.string().optional(),
  responseTopic: z.string().optional(),
  correlationData: z.string().optional(),
  correlationDataBase64: z.base64().optional(),
  userProperties: z.array(z.tuple([z.string(), z.string()])).optional(),
  willDelayInterval: count.optional(),
});

const receiver = z.strictObject({
  session: count,
  qos,
  retain: flag,
  subscriptionIdentifiers: z.array(count).optional(),
  share: z.string().optional(),
  queuedAt: count.optional(),
  packetId: z.int().min(1).max(65_535).optional(),
  sentAt: count.optional(),
  released: flag,
});

const content = {
  topicName: z.string(),
  ...bytesFields,
  qos,
  retain: flag,
  properties: properties.optional(),
};

const line: z.ZodType<ExportLine> = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('store'), version: z.literal(exportVersion), lastLsn: count }),
  z.strictObject({
    kind: z.literal('session'),
    session: count,
    clientId: z.string(),
    username: z.string().optional(),
    protocolVersion: z.literal([3, 4, 5]).optional(),
    expiryIntervalMs: z.number().nullable(),
    expiresAtMs: z.number().nullable(),
    disconnectedAtMs: z.number().optional(),
    will: z.strictObject(content).optional(),
  }),
  z.strictObject({
    kind: z.literal('subscription'),
    session: count,
    topicFilter: z.string(),
    shareName: z.string().optional(),
    qos,
    noLocal: flag,
    retainAsPublished: flag,
    retainHandling: z.literal([0, 1, 2]).optional(),
    identifier: count.optional(),
  }),
  z.strictObject({
    kind: z.literal('unreleased'),
    session: count,
    packetIds: z.array(z.int().min(1).max(65_535)),
  }),
  z.strictObject({
    kind: z.literal('message'),
    id: z.int().min(1).optional(),
    ...content,
    receivedAtMs: z.number(),
    publisherId: z.string(),
    publisherName: z.string().optional(),
    retained: flag,
    to: z.array(receiver),
  }),
]);

/** @returns the line, or what is wrong with it */
export function parseLine(text: string): ExportLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is no JSON (${error instanceof Error ? error.message : String(error)})`;
  }
  const result = line.safeParse(value);
  if (result.success) return result.data;
  return result.error.issues
    .map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`)
    .join('; ');
}
