import type { QueueTotals } from '../session/index.ts';
import type { Counters } from './counters.ts';
import type { MessageDropped } from './events.ts';
import type { History } from './history.ts';
import type { Plugins } from './plugins.ts';
import type { BrokerRuntime } from './runtime.ts';
import type { BrokerSettings } from './settings.ts';
import type { StoreWatch } from './store-watch.ts';
import type { Journal } from './stores.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** What every part of the broker works with. */
export interface Core {
  readonly settings: BrokerSettings;
  readonly runtime: BrokerRuntime;
  readonly plugins: Plugins;
  readonly counters: Counters;
  readonly journal: Journal;
  readonly storeWatch: StoreWatch;
  readonly wheel: TimerWheel;
  readonly totals: QueueTotals;
  /** undefined: nothing that was published is kept for those who ask later. */
  readonly history?: History | undefined;
}

/** Counts a drop and tells the observers. */
export function reportDrop(core: Core, fact: MessageDropped): void {
  const { counters } = core;
  counters.publishDropped++;
  counters.droppedByCause[fact.cause] = (counters.droppedByCause[fact.cause] ?? 0) + 1;
  core.plugins.tell('messageDropped', fact);
}

/** A limit of 0 means none where the table says so. */
export function orUnlimited(limit: number): number {
  return limit === 0 ? Infinity : limit;
}
