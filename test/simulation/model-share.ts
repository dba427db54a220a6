import type { QoS } from '../../src/packet/index.ts';
import { assign, type Slot } from './assignment.ts';
import type { ModelSession } from './model-session.ts';
import { isSameMessage } from './owed.ts';
import type { Arrival, Instance } from './publication.ts';

/** A Shared Subscription and its members. */
export interface ModelShare {
  readonly key: string;
  readonly qos: QoS;
  readonly members: Set<ModelSession>;
}

/** What one Shared Subscription is owed of one message. */
interface SharedCopy extends Slot {
  readonly share: ModelShare;
  readonly instance: Instance;
  readonly qos: QoS;
}

/**
 * Which member of a Shared Subscription gets a message is the broker's choice, that one of them does is
 * not. A client in several of them cannot tell which one brought it a message; so what arrived is assigned
 * to what was owed, and assigned anew when that makes room for more.
 */
export class SharedCopies {
  private readonly copies = new Map<number, SharedCopy[]>();

  published(share: ModelShare, instance: Instance): void {
    const { id, qos } = instance.publication;
    const copy: SharedCopy = {
      share,
      instance,
      qos: Math.min(qos, share.qos) as QoS,
      claim: undefined,
      tier: 0,
    };
    const known = this.copies.get(id);
    if (known === undefined) this.copies.set(id, [copy]);
    else known.push(copy);
  }

  /** @returns the instance, if the message may have come through one of these subscriptions. */
  take(shares: ReadonlySet<ModelShare>, arrival: Arrival): Instance | undefined {
    if (arrival.retain) return undefined;
    const candidates = (this.copies.get(arrival.id) ?? []).filter(
      ({ share, instance, qos }) =>
        shares.has(share) && qos === arrival.qos && isSameMessage(instance, arrival),
    );
    const [first] = candidates;
    if (first === undefined) return undefined;
    // At QoS 1 a member that leaves without having acknowledged hands it on: it may come more than once.
    if (!assign({ candidates }) && arrival.qos !== 1) return undefined;
    return first.instance;
  }

  /** QoS 1 and 2 messages that no member got; those that are excused are not asked for again. */
  missing(isExcused: (instance: Instance) => boolean): SharedCopy[] {
    const missing: SharedCopy[] = [];
    for (const copies of this.copies.values()) {
      for (const copy of copies) {
        if (copy.qos === 0 || copy.claim !== undefined) continue;
        if (isExcused(copy.instance)) copy.claim = { candidates: [] };
        else missing.push(copy);
      }
    }
    return missing;
  }

  /** For the report of a failure. */
  tellOf(id: number): string {
    const copies = this.copies.get(id) ?? [];
    return copies
      .map(({ share, qos, claim }) => `${share.key} QoS ${qos}${claim ? ' (taken)' : ''}`)
      .join(', ');
  }
}
