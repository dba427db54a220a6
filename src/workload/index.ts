/** A load generator: clients that publish and count, against any server. */
export { LatencyHistogram } from './latency-histogram.ts';
export type { LoadKind, LoadPlan, LoadTarget } from './load-plan.ts';
export {
  type BrokerUsage,
  type LoadPhase,
  type LoadProgress,
  type LoadReport,
  type LoadRunOptions,
  runLoad,
} from './load-run.ts';
export { type ProcessUsage, readProcessUsage } from './process-usage.ts';
export type { LoadCounts, LoadError, Measured, ShareResult } from './share-result.ts';
export { stampBytes } from './stamp.ts';
