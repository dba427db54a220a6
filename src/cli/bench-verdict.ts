/** What the counts of a run mean: whether it was flawless, and what a reader of its figures has to know. */
import type { LoadReport } from '../workload/index.ts';

/** From this share of the time at work, the generator may be what was measured. */
const busyLimit = 0.95;
/** From this share of the time without a core, other programs are in the figures. */
const starvedLimit = 0.1;
/** From this share of late messages, latencies say more about this machine than about the broker. */
const lateLimit = 0.01;

/**
 * False when connections failed or ended, when publishes were refused or never acknowledged, when something
 * came that does not belong, and above QoS 0 when anything was lost or came twice. At QoS 0 a loss is no
 * fault, unless nothing came at all.
 */
export function isFlawless({ plan, result }: LoadReport): boolean {
  const { counts } = result;
  if (counts.failed + counts.dropped > 0) return false;
  if (counts.refused + counts.unacknowledged > 0) return false;
  if (counts.corrupt + counts.misrouted + counts.unexpected > 0) return false;
  const isLossy = plan.topicFilter.startsWith('$share/');
  if (plan.qos > 0 && ((result.lost > 0 && !isLossy) || counts.duplicated > 0)) return false;
  const hasBoth = plan.publisherCount > 0 && plan.subscriberCount > 0;
  return !(hasBoth && counts.published > 0 && counts.received === 0);
}

export function benchNotes(report: LoadReport): string[] {
  const { plan, result, broker, isInterrupted } = report;
  const { counts, measured } = result;
  const notes: string[] = [];
  if (result.busy >= busyLimit) {
    const more = Math.min(plan.workerCount * 2, plan.publisherCount + plan.subscriberCount);
    notes.push(
      `the generator was the limit: its busiest thread worked ${percent(result.busy)} of the time` +
        (more > plan.workerCount ? ` (--workers ${more} spreads the clients over more)` : ''),
    );
  } else if (result.starved >= starvedLimit) {
    notes.push(
      `the generator had to wait for a core ${percent(result.starved)} of the time: other programs ` +
        'of this machine, the broker perhaps, are in these figures',
    );
  }
  if (result.lateCount > lateLimit * counts.published) {
    notes.push(
      `${result.lateCount} messages were noticed more than 1 ms after their time: this machine was ` +
        'busy with something else, and the latencies contain it',
    );
  }
  if (counts.unsent > 0) {
    notes.push(
      `${counts.unsent} messages were due and never sent: the broker did not keep up with the rate`,
    );
  }
  if (result.stalls > 0) {
    notes.push(
      `${result.stalls} times nothing came for ${plan.quietMs / 1000} s although the windows were full; what was under ` +
        'way was given up each time',
    );
  }
  if (counts.ofOtherMachines > 0) {
    notes.push(
      `${counts.ofOtherMachines} messages came from another machine, whose clock says nothing here: ` +
        'no latency',
    );
  }
  if (measured.seconds === 0 && isInterrupted) notes.push('ended before anything was measured');
  if (broker === undefined && report.wantsBroker) {
    notes.push('the process of the broker could not be watched to the end');
  }
  return notes;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
