/**
 * A session that subscribes and unsubscribes all the time, one request after the other. At rest a message for
 * each of its topics shows which subscriptions the broker has.
 */
import { connect } from '../client/index.ts';
import type { Chance } from './verify-durability-chance.ts';
import { afterMs } from './verify-durability-retained.ts';
import { LastingSession } from './verify-durability-session.ts';

export interface SubscriptionFigures {
  /** Acknowledged: made or ended. */
  readonly changes: number;
  readonly compared: number;
  /** Acknowledged, and not there. */
  readonly lost: number;
  /** There, although its end was acknowledged. */
  readonly risen: number;
}

const filterCount = 32;
const everyMs = 10;
const topicName = 'verify-subscription';
const answerMsMax = 5000;

export class ChangingSubscriptions {
  private readonly session: LastingSession;
  private readonly url: string;
  private readonly chance: Chance;
  private readonly isSubscribed: boolean[] = Array.from({ length: filterCount }, () => false);
  private readonly arrived = new Set<number>();
  private fence: PromiseWithResolvers<void> = Promise.withResolvers();
  private changing: Promise<void> = Promise.resolve();
  private isPaused = true;
  private changes = 0;
  private compared = 0;
  private lost = 0;
  private risen = 0;

  constructor(url: string, chance: Chance) {
    this.url = url;
    this.chance = chance;
    this.session = new LastingSession({
      url,
      clientId: 'verify-subscriber',
      onMessage: (packet) => {
        const name = packet.topicName.slice(topicName.length + 1);
        if (name === 'fence') this.fence.resolve();
        else this.arrived.add(Number(name));
      },
    });
  }

  async open(): Promise<void> {
    await this.session.come();
    await this.session.subscribe(`${topicName}/fence`, 1);
  }

  run(): void {
    this.isPaused = false;
    this.changing = this.change();
  }

  /** @returns when the last change is acknowledged */
  async pause(): Promise<void> {
    this.isPaused = true;
    await this.changing;
  }

  /** At rest. */
  async check(): Promise<void> {
    this.arrived.clear();
    this.fence = Promise.withResolvers();
    const client = await connect({ url: this.url, keepAlive: 0 });
    for (let index = 0; index < filterCount; index++) {
      await client.publish({ topicName: `${topicName}/${index}`, payload: '', qos: 1 });
    }
    await client.publish({ topicName: `${topicName}/fence`, payload: '', qos: 1 });
    await Promise.race([this.fence.promise, afterMs(answerMsMax)]);
    await client.disconnect();
    for (const [index, expected] of this.isSubscribed.entries()) {
      const actual = this.arrived.has(index);
      this.compared++;
      if (actual === expected) continue;
      if (expected) this.lost++;
      else this.risen++;
      this.isSubscribed[index] = actual;
    }
  }

  close(): void {
    this.isPaused = true;
    this.session.destroy();
  }

  figures(): SubscriptionFigures {
    const { changes, compared, lost, risen } = this;
    return { changes, compared, lost, risen };
  }

  get sessionsLost(): number {
    return this.session.lostCount;
  }

  private async change(): Promise<void> {
    while (!this.isPaused) {
      const index = Math.floor(this.chance() * filterCount);
      const isWanted = this.isSubscribed[index] !== true;
      const topicFilter = `${topicName}/${index}`;
      try {
        if (isWanted) await this.session.subscribe(topicFilter, 1);
        else await this.session.connected.unsubscribe([topicFilter]);
      } catch {
        return; // The client was closed at the end of the run.
      }
      this.isSubscribed[index] = isWanted;
      this.changes++;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
