/**
 * The one schema of the configuration, collected from the sections. It says what the file format is; from
 * it come validation, defaults, variables, the editor's JSON Schema, `env.example` and the reference page.
 *
 * A folder with options of its own (a listener, a gateway) exports its schema and is one line here and one
 * in `resolve-config.ts`. Sections are checked one by one (see `validate.ts`), so that a mistake in one
 * does not hide the mistakes of the others.
 */
import { z } from 'zod';
import type { Limits } from '../broker/index.ts';
import { type SerialConfig, serialOptionsSchema } from '../gateway/serial/index.ts';
import {
  type AuthSection,
  authSection,
  pluginsSection,
  type TopicCheckSection,
  topicCheckSection,
} from './access-sections.ts';
import {
  limitsSection,
  type QueueSection,
  queueSection,
  type SharedSubscriptionsSection,
  sharedSubscriptionsSection,
} from './delivery-sections.ts';
import { type HistorySection, historySection } from './history-section.ts';
import {
  type ListenersSection,
  listenersSection,
  type MqttSection,
  mqttSection,
  type TlsSection,
  tlsSection,
  type WebSocketSection,
  webSocketSection,
} from './listener-sections.ts';
import {
  dataDirSection,
  ephemeralSection,
  type LogMessagesSection,
  type LogSection,
  laterSection,
  logMessagesSection,
  logSection,
  type PersistenceSection,
  persistenceSection,
  type RosSection,
  rosSection,
  type ShutdownSection,
  shutdownSection,
  sysIntervalSection,
} from './server-sections.ts';
import { type SqlSection, sqlSection } from './sql-section.ts';

/** What the schema returns: checked, defaults filled in, durations in milliseconds, sizes in bytes. */
export interface CheckedSections {
  readonly mqtt: MqttSection;
  readonly websocket: WebSocketSection;
  readonly tls: TlsSection;
  readonly listeners: ListenersSection | undefined;
  readonly auth: AuthSection;
  readonly topic_check: TopicCheckSection;
  readonly plugins: readonly string[];
  readonly limits: Limits;
  readonly queue: QueueSection;
  readonly shared_subscriptions: SharedSubscriptionsSection;
  readonly serial: SerialConfig;
  readonly ros: RosSection;
  readonly log: LogSection;
  readonly log_messages: LogMessagesSection;
  readonly sys_interval: number;
  readonly shutdown: ShutdownSection;
  readonly data_dir: string;
  readonly ephemeral: boolean;
  readonly persistence: PersistenceSection;
  readonly sql: SqlSection;
  readonly history: HistorySection;
  readonly acl: undefined;
  readonly bridges: undefined;
  readonly dashboard: undefined;
}

export type SectionName = keyof CheckedSections;

/** In the order of the reference page. */
export const sections: { readonly [Name in SectionName]: z.ZodType<CheckedSections[Name]> } = {
  mqtt: mqttSection.describe('Plain MQTT over TCP.'),
  websocket: webSocketSection.describe('MQTT over WebSocket.'),
  tls: tlsSection.describe('MQTT over TLS.'),
  listeners: listenersSection,
  auth: authSection.describe('Who may connect.'),
  topic_check: topicCheckSection.describe('Topics that nobody may use.'),
  plugins: pluginsSection,
  limits: limitsSection.describe('How much the broker holds.'),
  queue: queueSection.describe('What happens when the queue of a session is full.'),
  shared_subscriptions: sharedSubscriptionsSection.describe('Shared Subscriptions.'),
  serial: z
    .prefault(serialOptionsSchema, {})
    .describe('Serial ports: lines of JSON become messages.'),
  ros: rosSection.describe('ROS names in topics.'),
  log: logSection.describe('Log lines.'),
  log_messages: logMessagesSection.describe('The message logger.'),
  sys_interval: sysIntervalSection,
  shutdown: shutdownSection.describe('How the server stops.'),
  data_dir: dataDirSection,
  ephemeral: ephemeralSection,
  persistence: persistenceSection.describe('What survives the process.'),
  sql: sqlSection.describe('SQLite files for people to ask, while the broker runs and later.'),
  history: historySection.describe(
    'Messages of the past, for linnet history and for subscriptions that ask for them.',
  ),
  acl: laterSection('Access control lists'),
  bridges: laterSection('Bridges to other brokers'),
  dashboard: laterSection('The dashboard'),
};

export const sectionNames: readonly SectionName[] = Object.keys(sections).filter(
  (name): name is SectionName => name in sections,
);

/** The whole file. Used for its shape and for the editor's schema; checking goes by section. */
export const configSchema: z.ZodType<CheckedSections> = z.strictObject(sections);
