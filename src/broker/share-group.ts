import type { Message, Subscription } from '../session/index.ts';

/** How a Shared Subscription chooses the member that gets a message. */
export const SharedStrategy = {
  roundRobin: 'round-robin',
  random: 'random',
  /** The member with the fewest un-acknowledged and waiting messages; looks at every member. */
  leastInflight: 'least-inflight',
  /** One publisher's messages go to one member, as long as the members stay the same. */
  sticky: 'sticky',
} as const;
export type SharedStrategy = (typeof SharedStrategy)[keyof typeof SharedStrategy];

/**
 * The members of one Shared Subscription: one Share Name and one Topic Filter. Connected members are
 * asked before offline ones, and those that can take a message at once before those that would queue it.
 */
export class ShareGroup {
  readonly shareName: string;
  readonly topicFilter: string;
  private readonly strategy: SharedStrategy;
  private readonly random: () => number;
  private readonly connected: Subscription[] = [];
  private readonly offline: Subscription[] = [];
  private turn = 0;

  constructor(
    shareName: string,
    topicFilter: string,
    strategy: SharedStrategy,
    random: () => number,
  ) {
    this.shareName = shareName;
    this.topicFilter = topicFilter;
    this.strategy = strategy;
    this.random = random;
  }

  get size(): number {
    return this.connected.length + this.offline.length;
  }

  get hasConnectedMember(): boolean {
    return this.connected.length > 0;
  }

  /** Adds the subscription of a Session, or replaces the one it had. */
  join(subscription: Subscription, isConnected: boolean): void {
    this.leave(subscription);
    (isConnected ? this.connected : this.offline).push(subscription);
  }

  leave(subscription: Subscription): void {
    removeOf(this.connected, subscription);
    removeOf(this.offline, subscription);
  }

  choose(message: Message): Subscription | undefined {
    const from = this.connected.length > 0 ? this.connected : this.offline;
    if (from.length <= 1) return from[0];
    const start = this.startIndex(from, message);
    if (this.strategy === SharedStrategy.sticky || from === this.offline) return from[start];
    for (let i = 0; i < from.length; i++) {
      const member = from[(start + i) % from.length] as Subscription;
      if (member.session.outbound.hasRoom) return member;
    }
    return from[start];
  }

  private startIndex(from: readonly Subscription[], message: Message): number {
    switch (this.strategy) {
      case SharedStrategy.roundRobin:
        this.turn = (this.turn + 1) % from.length;
        return this.turn;
      case SharedStrategy.random:
        return Math.floor(this.random() * from.length);
      case SharedStrategy.sticky:
        return hash(message.publisherId) % from.length;
      case SharedStrategy.leastInflight:
        return indexOfLeastLoaded(from);
      default:
        return this.strategy satisfies never;
    }
  }
}

function removeOf(members: Subscription[], subscription: Subscription): void {
  const index = members.findIndex((member) => member.session === subscription.session);
  if (index >= 0) members.splice(index, 1);
}

function indexOfLeastLoaded(members: readonly Subscription[]): number {
  let best = 0;
  let bestLoad = Infinity;
  members.forEach((member, index) => {
    const { outbound } = member.session;
    const load = outbound.inflightCount + outbound.queuedCount;
    if (load < bestLoad) {
      best = index;
      bestLoad = load;
    }
  });
  return best;
}

/** FNV-1a, 32 bits: spreads similar names well enough to choose a member. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}
