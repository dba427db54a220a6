/** Listeners: carriers of MQTT bytes over TCP, TLS, WebSocket and Unix sockets. */
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
