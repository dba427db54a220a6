/** All clients: sessions, routing, Retained Messages, Wills; and the interfaces the outside implements. */

export { Message, QueueOverflow } from '../session/index.ts';
export { Broker, type BrokerOptions } from './broker.ts';
export { Counters, type Gauges, type Residue } from './counters.ts';
export * from './events.ts';
export {
  History,
  type HistoryOptions,
  type HistoryPage,
  type HistoryQuery,
  type HistoryStatus,
} from './history.ts';
export * from './history-range.ts';
export { parseSince } from './history-request.ts';
export * from './hooks.ts';
export { defaultLimits, type Limit, type LimitName, type Limits, limits } from './limits.ts';
export * from './link.ts';
export * from './local-client.ts';
export { MemoryStore } from './memory-store.ts';
export type { BrokerRuntime } from './runtime.ts';
export {
  type BrokerSettings,
  defaultListenerPolicy,
  defaultSettings,
  type ListenerPolicy,
} from './settings.ts';
export { SharedStrategy } from './share-group.ts';
export * from './stores.ts';
