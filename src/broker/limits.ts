/**
 * Every limit of the core in one table: unit, default, why this default, and what happens when it is
 * reached. Configuration, reference page and broker all read this table. 0 means "no limit" only where
 * the row says so.
 */

export interface Limit {
  readonly unit:
    | 'messages'
    | 'bytes'
    | 'levels'
    | 'subscriptions'
    | 'connections'
    | 'packets'
    | 'ms'
    | 'entries';
  readonly default: number;
  readonly zeroMeansUnlimited: boolean;
  readonly reason: string;
  readonly whenReached: string;
}

const row = (
  unit: Limit['unit'],
  defaultValue: number,
  zeroMeansUnlimited: boolean,
  reason: string,
  whenReached: string,
): Limit => ({ unit, default: defaultValue, zeroMeansUnlimited, reason, whenReached });

export type LimitName =
  | 'packetBytesMax'
  | 'inflightMessagesMax'
  | 'queuedMessagesMax'
  | 'queuedBytesMax'
  | 'outboundBytesMax'
  | 'topicLevelsMax'
  | 'topicFilterBytesMax'
  | 'subscriptionsPerClientMax'
  | 'retainedMessagesMax'
  | 'retainedBytesMax'
  | 'memoryBytesMax'
  | 'sessionsMax'
  | 'connectTimeoutMs'
  | 'subscriptionIdentifierMax'
  | 'topicAliasMaximum'
  | 'matchCacheEntriesMax'
  | 'retainedWalkStep';

export const limits: Readonly<Record<LimitName, Limit>> = {
  packetBytesMax: row(
    'bytes',
    268_435_455,
    false,
    'The largest packet MQTT can express (S4-44). Bytes are only buffered as they arrive.',
    'The connection ends with 0x95 Packet too large.',
  ),
  inflightMessagesMax: row(
    'messages',
    20,
    false,
    'S4-45. QoS 1 and 2 messages under way, in each direction: our Receive Maximum, and the most we send at once.',
    'Inwards: 0x93 (strict) or a warning; outwards: further messages wait in the queue.',
  ),
  queuedMessagesMax: row(
    'messages',
    100,
    true,
    'S4-46. QoS 1 and 2 messages of one session that wait beyond its in-flight window.',
    'The overflow policy decides; every drop is a fact and a folded warning.',
  ),
  queuedBytesMax: row(
    'bytes',
    64 * 1024 * 1024,
    true,
    'Payload bytes waiting for one session: a few large messages must not need the memory of many small ones.',
    'As queuedMessagesMax.',
  ),
  outboundBytesMax: row(
    'bytes',
    8 * 1024 * 1024,
    false,
    'Bytes written for one connection that its socket has not taken: what a slow reader may hold.',
    'QoS 0 to it is dropped (slow-consumer); QoS 1 and 2 wait in the queue.',
  ),
  topicLevelsMax: row(
    'levels',
    200,
    false,
    'Deeper topics only cost time and memory; Mosquitto stops one level later.',
    'PUBLISH: 0x90; SUBSCRIBE: 0x8F; 3.x: SUBACK 0x80 or the connection ends.',
  ),
  topicFilterBytesMax: row(
    'bytes',
    65_535,
    false,
    'The longest string MQTT can express.',
    'SUBSCRIBE is answered with 0x8F.',
  ),
  subscriptionsPerClientMax: row(
    'subscriptions',
    10_000,
    true,
    'One client must not fill the subscription tree.',
    'SUBSCRIBE is answered with 0x97 Quota exceeded.',
  ),
  retainedMessagesMax: row(
    'messages',
    1_000_000,
    true,
    'About 700 MB at 256 bytes each.',
    'A retained PUBLISH on a new topic is answered with 0x97 (QoS 0: dropped and counted).',
  ),
  retainedBytesMax: row(
    'bytes',
    1024 * 1024 * 1024,
    true,
    'Payload bytes of all Retained Messages.',
    'As retainedMessagesMax.',
  ),
  memoryBytesMax: row(
    'bytes',
    0,
    true,
    'Payload bytes held in all queues and in-flight windows together; 0 leaves it to the per-client limits.',
    'New QoS 1 and 2 messages are refused with 0x97 (3.x: the connection ends), QoS 0 is dropped.',
  ),
  sessionsMax: row(
    'entries',
    1_000_000,
    true,
    'Sessions, connected or not: clients that connect under ever new names must not fill memory.',
    'CONNECT of a new session is refused with 0x97 (3.x: return code 3).',
  ),
  connectTimeoutMs: row(
    'ms',
    10_000,
    false,
    'Time from accept to a complete CONNECT.',
    'The connection is closed, nothing sent.',
  ),
  subscriptionIdentifierMax: row(
    'entries',
    268_435_455,
    false,
    'MQTT 5.0 §3.8.2.1.2.',
    'Protocol Error 0x82.',
  ),
  topicAliasMaximum: row(
    'entries',
    10,
    false,
    'Topic Aliases in each direction: ten names of 200 bytes are worth the memory.',
    'A higher alias from a client: 0x94; outwards no further alias is assigned.',
  ),
  matchCacheEntriesMax: row(
    'entries',
    8192,
    false,
    'Topic Names whose receivers are remembered between publishes.',
    'What was not asked for lately is forgotten; until then up to twice as many are held.',
  ),
  retainedWalkStep: row(
    'messages',
    256,
    false,
    'Retained Messages looked at in one turn for one wildcard subscribe.',
    'The rest follows in later turns.',
  ),
};

export type Limits = { readonly [K in LimitName]: number };

export const defaultLimits: Limits = Object.fromEntries(
  Object.entries(limits).map(([name, limit]) => [name, limit.default]),
) as Limits;
