/**
 * What is retained, with its history, and what each SUBSCRIBE that asked for Retained Messages is owed:
 * every name that was there from the SUBSCRIBE until its copy came, with a value that was current in
 * between, at most once.
 */
import { assign, demote, type Slot } from './assignment.ts';
import type { ModelSubscription } from './model-session.ts';
import { isSameMessage, sameNumbers } from './owed.ts';
import type { Arrival, Instance } from './publication.ts';
import { namesMatching } from './topics.ts';

interface RetainedVersion {
  readonly instance: Instance;
  /** Counts changes of retained state; the version was current from `from` to before `to`. */
  readonly from: number;
  to: number;
}

export interface ModelReplay {
  /** The subscription as it was, and what replaced it without asking again. */
  readonly subscriptions: ModelSubscription[];
  readonly from: number;
  /** The connection of the Session that asked. */
  readonly epoch: number;
  /** Names that have to come, with the lowest QoS their value had since. */
  readonly must: Map<string, number>;
  /** What may come of each name. */
  readonly slots: Map<string, Slot>;
  /** The subscription is gone, or asked again: copies may still be under way, nothing more is owed. */
  isOver: boolean;
}

export class ModelRetained {
  private readonly versions = new Map<string, RetainedVersion[]>();
  private readonly open = new Set<ModelReplay>();
  private readonly current = new Map<string, Instance>();
  private clock = 0;

  get count(): number {
    return this.current.size;
  }

  get bytes(): number {
    let sum = 0;
    for (const { publication } of this.current.values()) sum += publication.payload.length;
    return sum;
  }

  all(): Iterable<[string, Instance]> {
    return this.current;
  }

  get(topicName: string): Instance | undefined {
    return this.current.get(topicName);
  }

  set(instance: Instance, nowMs: number): void {
    const { topicName, payload, qos } = instance.publication;
    const replaced = this.current.get(topicName);
    this.endVersion(topicName);
    // One that has expired counts as gone before the broker's timer says so.
    if (payload.length === 0 || (replaced !== undefined && replaced.expiresAtMs <= nowMs)) {
      this.forget(topicName);
    }
    if (payload.length === 0) return;
    const versions = this.versions.get(topicName) ?? [];
    versions.push({ instance, from: this.clock, to: Infinity });
    this.versions.set(topicName, versions);
    this.current.set(topicName, instance);
    for (const { must } of this.open) {
      const lowest = must.get(topicName);
      if (lowest !== undefined && qos < lowest) must.set(topicName, qos);
    }
  }

  /** It was removed or has expired. */
  remove(topicName: string): void {
    this.endVersion(topicName);
    this.forget(topicName);
  }

  start(subscription: ModelSubscription, epoch: number, nowMs: number): ModelReplay {
    const must = new Map<string, number>();
    for (const name of namesMatching(subscription.key)) {
      const instance = this.current.get(name);
      if (instance !== undefined && instance.expiresAtMs > nowMs) {
        must.set(name, instance.publication.qos);
      }
    }
    const replay: ModelReplay = {
      subscriptions: [subscription],
      from: ++this.clock,
      epoch,
      must,
      slots: new Map(
        namesMatching(subscription.key).map((name) => [name, { claim: undefined, tier: 2 }]),
      ),
      isOver: false,
    };
    this.open.add(replay);
    return replay;
  }

  end(replay: ModelReplay): void {
    if (replay.isOver) return;
    replay.isOver = true;
    replay.must.clear();
    this.open.delete(replay);
    for (const slot of replay.slots.values()) demote(slot);
  }

  /** @returns the value that this copy has, if one of the replays may bring it. */
  take(replays: readonly ModelReplay[], arrival: Arrival): Instance | undefined {
    const candidates: Slot[] = [];
    let found: Instance | undefined;
    for (const replay of replays) {
      const slot = replay.slots.get(arrival.topicName);
      const instance = slot === undefined ? undefined : this.valueOf(replay, arrival);
      if (slot === undefined || instance === undefined) continue;
      const lowestQoS = replay.must.get(arrival.topicName);
      // At QoS 0 an earlier connection may have lost it.
      const isSure = replay.epoch === arrival.epoch || (lowestQoS !== 0 && arrival.qos > 0);
      slot.tier = lowestQoS === undefined ? 2 : isSure ? 0 : 1;
      candidates.push(slot);
      found = instance;
    }
    return assign({ candidates }) ? found : undefined;
  }

  /** Names that have to come and did not. */
  missing({ must, slots }: ModelReplay): [name: string, lowestQoS: number][] {
    return [...must].filter(([name]) => slots.get(name)?.claim === undefined);
  }

  /** The values that the copy of this name can have had. */
  valuesSince(replay: ModelReplay, topicName: string): Instance[] {
    const versions = this.versions.get(topicName) ?? [];
    return versions.filter(({ to }) => to >= replay.from).map(({ instance }) => instance);
  }

  /** The value that the copy has, if this replay could bring it. */
  private valueOf(replay: ModelReplay, arrival: Arrival): Instance | undefined {
    const { topicName } = arrival;
    const versions = this.versions.get(topicName) ?? [];
    for (let i = versions.length - 1; i >= 0; i--) {
      const { instance, to } = versions[i] as RetainedVersion;
      if (to < replay.from) return undefined;
      if (instance.publication.id !== arrival.id || !isSameMessage(instance, arrival)) continue;
      const fits = replay.subscriptions.some(({ qos, identifiers }) => {
        const expected = Math.min(instance.publication.qos, qos);
        return expected === arrival.qos && sameNumbers(identifiers, arrival.identifiers);
      });
      return fits ? instance : undefined;
    }
    return undefined;
  }

  private endVersion(topicName: string): void {
    this.clock++;
    const last = this.versions.get(topicName)?.at(-1);
    if (last?.to === Infinity) last.to = this.clock;
  }

  private forget(topicName: string): void {
    this.current.delete(topicName);
    for (const { must } of this.open) must.delete(topicName);
  }
}
