/** Listeners: carriers of MQTT bytes over TCP, TLS, WebSocket and Unix sockets. */

export type { ListenerHost } from './acceptor.ts';
export { formatAddress } from './bind-error.ts';
export type { ListenerLog, LogFields, LogLevel } from './folded-log.ts';
export {
  type ExplainSetting,
  ListenError,
  type ListenErrorCode,
  type ListenErrorDetails,
  type ListenerOptionKey,
  listenErrorExitCodes,
  renderListenError,
  type SettingHint,
} from './listen-error.ts';
export type { Listener } from './listener.ts';
export {
  type BindAddress,
  defaultWebSocketPaths,
  type ListenerOptions,
  type ListenerSettings,
  type ListenerSettingsInput,
  type ListenerType,
  listenerOptionsSchema,
  normaliseOrigin,
  parseHostPort,
  resolveListenerOptions,
  type TlsOptions,
  type TlsVersion,
  type WebSocketOptions,
} from './options.ts';
export { lowWaterBytes } from './outbound-queue.ts';
export { findPortHolder, type PortHolder } from './port-holder.ts';
export { reachOf, unmapAddress } from './reach.ts';
export { lingerMs } from './socket-link.ts';
export { startListener, startListeners } from './start-listeners.ts';
export { loadTlsMaterial, type TlsMaterial } from './tls-material.ts';
