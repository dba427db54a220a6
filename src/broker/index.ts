export { Counters, type Gauges } from './counters.ts';
export * from './events.ts';
export * from './hooks.ts';
export { defaultLimits, type Limit, type LimitName, type Limits, limits } from './limits.ts';
export * from './link.ts';
export * from './local-client.ts';
export type { BrokerRuntime } from './runtime.ts';
