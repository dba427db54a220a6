import type { ShareClients } from './share-clients.ts';
import { type LoadCounts, noCounts } from './share-result.ts';

/** What the clients of one thread have counted so far. */
export function countsOf(
  clients: ShareClients,
  connections: Pick<LoadCounts, 'opened' | 'failed' | 'dropped'>,
): LoadCounts {
  const sum: Record<keyof LoadCounts, number> = { ...noCounts, ...connections };
  for (const publisher of clients.publishers) {
    sum.published += publisher.sent;
    sum.acknowledged += publisher.acknowledged;
    sum.unacknowledged += publisher.unacknowledged;
    sum.refused += publisher.refused;
    sum.unsent += publisher.behind;
    sum.unexpected += publisher.unexpected;
  }
  for (const subscriber of clients.subscribers) {
    sum.received += subscriber.received;
    sum.receivedBytes += subscriber.receivedBytes;
    sum.corrupt += subscriber.corrupt;
    sum.misrouted += subscriber.misrouted;
    sum.foreign += subscriber.foreign;
    sum.ofOtherMachines += subscriber.ofOtherMachines;
    for (const tracker of subscriber.trackers.values()) {
      sum.unique += tracker.unique;
      sum.duplicated += tracker.duplicated;
      sum.outOfOrder += tracker.outOfOrder;
    }
  }
  return sum;
}
