/**
 * `limits:`, `queue:`, `shared_subscriptions:`: how much the broker holds and who gets it. The limits are
 * the rows of the broker's own table; this file only says how each is spelled and what range makes sense.
 */
import { z } from 'zod';
import {
  type Limit,
  type LimitName,
  type Limits,
  limits,
  QueueOverflow,
  SharedStrategy,
} from '../broker/index.ts';
import { type SettingMeta, setting } from './setting.ts';
import { duration, size, topicFilter } from './value-kinds.ts';

export interface QueueSection {
  readonly overflow: QueueOverflow;
  readonly topics: readonly { readonly filter: string; readonly overflow: QueueOverflow }[];
  readonly qos0_offline: boolean;
}

export interface SharedSubscriptionsSection {
  readonly strategy: SharedStrategy;
}

/** Keys and variables that the seeds name; every other limit is called as its row, in snake_case. */
const seedNames: Partial<Record<LimitName, { readonly key: string; readonly variable: string }>> = {
  packetBytesMax: { key: 'max_message_size', variable: 'BROKER_MAX_MESSAGE_SIZE' },
  inflightMessagesMax: { key: 'max_inflight', variable: 'BROKER_MAX_INFLIGHT_MESSAGES' },
  queuedMessagesMax: { key: 'max_queued', variable: 'BROKER_MAX_QUEUED_MESSAGES' },
};

/** What each limit counts, in one line; the table's own reason is added to it. */
const meanings: Readonly<Partial<Record<LimitName, string>>> = {
  packetBytesMax: 'Largest packet that is taken.',
  inflightMessagesMax: 'Messages under way between the broker and one client.',
  queuedMessagesMax: 'Messages that wait for one session.',
  queuedBytesMax: 'Bytes that wait for one session.',
  outboundBytesMax: 'Bytes that wait for the socket of one connection.',
  topicLevelsMax: 'Levels of a topic.',
  topicFilterBytesMax: 'Length of a Topic Filter.',
  subscriptionsPerClientMax: 'Subscriptions of one client.',
  retainedMessagesMax: 'Retained Messages.',
  retainedBytesMax: 'Bytes of Retained Messages.',
  memoryBytesMax: 'Memory for messages of all clients together.',
  sessionsMax: 'Sessions.',
  connectTimeoutMs: 'How long a new connection may take to say CONNECT.',
  subscriptionIdentifierMax: 'Highest Subscription Identifier.',
  topicAliasMaximum: 'Topic Aliases of one connection; 0 = none.',
  matchCacheEntriesMax: 'Topics whose receivers are remembered.',
  retainedWalkStep: 'Retained Messages sent in one go.',
};

/** Numbers of requirements help nobody who reads a manual. */
const plainReason = (text: string): string =>
  text.replaceAll(/ \(S\d-\d+\)|S\d-\d+(\. )?/g, '').trim();

/** Where MQTT or common sense ends the range before the largest exact integer does. */
const ranges: Partial<Record<LimitName, readonly [min: number, max: number]>> = {
  packetBytesMax: [128, 268_435_455],
  inflightMessagesMax: [1, 65_535],
  topicLevelsMax: [1, 65_535],
  topicFilterBytesMax: [1, 65_535],
  subscriptionIdentifierMax: [1, 268_435_455],
  topicAliasMaximum: [0, 65_535],
  connectTimeoutMs: [100, 600_000],
  matchCacheEntriesMax: [1, 10_000_000],
};

/** The key of a limit in the file, `queuedBytesMax` as `queued_bytes_max`. */
export function limitKey(name: LimitName): string {
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return seedNames[name]?.key ?? snake;
}

/** The limits' names, in the order of their table. */
export const limitNames: readonly LimitName[] = Object.keys(limits).filter(
  (name): name is LimitName => name in limits,
);

function limitSchema(name: LimitName, limit: Limit): z.ZodType<number, unknown> {
  const [min, max] = ranges[name] ?? [limit.zeroMeansUnlimited ? 0 : 1, Number.MAX_SAFE_INTEGER];
  const variable = seedNames[name]?.variable ?? `BROKER_LIMITS_${limitKey(name).toUpperCase()}`;
  const zero = limit.zeroMeansUnlimited ? ' 0 = no limit.' : '';
  const meta: SettingMeta = {
    description: `${meanings[name] ?? ''} ${plainReason(limit.reason)}${zero}`.trim(),
    variable,
    unit: limit.unit,
    whenReached: limit.whenReached,
  };
  if (limit.unit === 'bytes') return setting(size(min, max).prefault(limit.default), meta);
  if (limit.unit === 'ms') {
    const range = { minMs: min, maxMs: max, plainUnitMs: 1 } as const;
    return setting(duration(range).prefault(limit.default), meta);
  }
  return setting(z.int().min(min).max(max).prefault(limit.default), meta);
}

export const limitsSection: z.ZodType<Limits, unknown> = z
  .strictObject(
    Object.fromEntries(limitNames.map((name) => [limitKey(name), limitSchema(name, limits[name])])),
  )
  .transform((section): Limits => {
    const values = { ...section };
    return Object.fromEntries(
      limitNames.map((name) => [name, values[limitKey(name)]]),
    ) as unknown as Limits;
  })
  .prefault({});

export const queueSection: z.ZodType<QueueSection, unknown> = z
  .strictObject({
    overflow: setting(z.enum(QueueOverflow).prefault('drop-oldest'), {
      description: 'What gives way when the queue of a session is full.',
      variable: 'BROKER_QUEUE_OVERFLOW',
      whenReached:
        'Every drop is an event and a folded warning; disconnect ends the client (0x97).',
    }),
    topics: setting(
      z
        .array(z.strictObject({ filter: topicFilter, overflow: z.enum(QueueOverflow) }))
        .prefault([]),
      { description: 'Other policies for some topics; the first filter that matches counts.' },
    ),
    qos0_offline: setting(z.boolean().prefault(false), {
      description: 'Queue QoS 0 messages for sessions that are offline, too.',
      variable: 'BROKER_QUEUE_QOS0_OFFLINE',
    }),
  })
  .prefault({});

export const sharedSubscriptionsSection: z.ZodType<SharedSubscriptionsSection, unknown> = z
  .strictObject({
    strategy: setting(z.enum(SharedStrategy).prefault('round-robin'), {
      description: 'Which member of a Shared Subscription gets the next message.',
      variable: 'BROKER_SHARED_SUBSCRIPTIONS_STRATEGY',
    }),
  })
  .prefault({});
