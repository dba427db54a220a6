/** A small MQTT client on the project's own codec. */
export {
  ClientError,
  type ClientErrorCode,
  ConnectRefusedError,
  ServerDisconnectError,
  type ServerReason,
} from './client-error.ts';
export type { ClientSubscription } from './client-subscription.ts';
export { connectFailure } from './connect-failure.ts';
export {
  type ClientObserver,
  type ClientWill,
  type ConnectOptions,
  type MessageHandler,
  type ReconnectOptions,
  type ResolvedConnectOptions,
  resolveConnectOptions,
  type TlsOptions,
} from './connect-options.ts';
export { connect, type DisconnectOptions, MqttClient } from './mqtt-client.ts';
export { openCarrier } from './open-carrier.ts';
export type { PublishAcknowledgement, PublishCallback } from './outbound-flow.ts';
export type { OutgoingMessage } from './outgoing-message.ts';
export { RemoteLocalClient, type RemoteLocalClientOptions } from './remote-local-client.ts';
export {
  formatServerAddress,
  parseServerUrl,
  type ServerAddress,
  type ServerTransport,
} from './server-address.ts';
export { tlsSettings } from './tls-settings.ts';
