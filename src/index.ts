/** linnet as a library: a broker to embed, a server to run, and what plugins are written with. */

export {
  type AuthenticationOutcome,
  type BrokerObserver,
  type BrokerPlugin,
  type ClientConnected,
  type ClientDisconnected,
  type ClientFacts,
  type ConnectionRefused,
  type ConnectRequest,
  type DisconnectCause,
  type DropCause,
  type HistoryPage,
  type HistoryQuery,
  type KeptMessage,
  type LinkOrigin,
  type LocalClient,
  LocalClientError,
  type LocalMessageHandler,
  type LocalPublish,
  type LocalSubscribeOptions,
  type LocalSubscription,
  type MaybePromise,
  type Message,
  type MessageDropped,
  type PublishChanges,
  type PublishRequest,
  type PublishResult,
  type Reach,
  type RefusalCause,
  type SessionEnded,
  type SubscriptionFacts,
  type SubscriptionRefused,
  type Verdict,
} from './broker/index.ts';
export { type Config, ConfigError, type ConfigInput, type ConfigIssue } from './config/index.ts';
export {
  createBroker,
  EmbeddedBroker,
  type EmbeddingOptions,
  type PublishOptions,
} from './create-broker.ts';
export { type CreateServerOptions, createServer } from './create-server.ts';
export { ListenError, type Listener } from './listener/index.ts';
export { MQTTBroker } from './mqtt-broker.ts';
export { MqttVersion, QoS, ReasonCode } from './packet/index.ts';
export { Server, type ServerStatus, type StopReport } from './server.ts';
export type { Statistics } from './telemetry/index.ts';
export { version } from './version.ts';
