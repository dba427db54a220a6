/**
 * Retained Messages of a few topics, set and removed one after the other, each when the one before is
 * acknowledged. So at rest there is exactly one right answer to what is retained.
 */
import { connect } from '../client/index.ts';
import type { Chance } from './verify-durability-chance.ts';
import { numberedPayload, numberOf } from './verify-durability-ledger.ts';
import { LastingSession } from './verify-durability-session.ts';

export interface RetainedFigures {
  /** Acknowledged: set or removed. */
  readonly changes: number;
  /** Slots compared, all checks together. */
  readonly compared: number;
  /** Not there, or an older one than was acknowledged. */
  readonly lost: number;
  /** There, although its removal was acknowledged. */
  readonly risen: number;
}

const slotCount = 64;
const everyMs = 10;
const sizeBytes = 100;
const topicName = 'verify-retained';
const answerMsMax = 5000;

export class RetainedTopics {
  private readonly session: LastingSession;
  private readonly url: string;
  private readonly chance: Chance;
  /** What each topic has; 0 = nothing. */
  private readonly slots: number[] = Array.from({ length: slotCount }, () => 0);
  private changing: Promise<void> = Promise.resolve();
  private isPaused = true;
  private changes = 0;
  private compared = 0;
  private lost = 0;
  private risen = 0;

  constructor(url: string, chance: Chance) {
    this.url = url;
    this.chance = chance;
    this.session = new LastingSession({ url, clientId: 'verify-retainer' });
  }

  async open(): Promise<void> {
    await this.session.come();
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

  /** Asks as a new client does, at rest. */
  async check(): Promise<void> {
    const found = await this.ask();
    for (const [slot, expected] of this.slots.entries()) {
      const actual = found.get(slot) ?? 0;
      this.compared++;
      if (actual === expected) continue;
      if (expected === 0) this.risen++;
      else this.lost++;
      this.slots[slot] = actual;
    }
  }

  close(): void {
    this.isPaused = true;
    this.session.destroy();
  }

  figures(): RetainedFigures {
    const { changes, compared, lost, risen } = this;
    return { changes, compared, lost, risen };
  }

  get sessionsLost(): number {
    return this.session.lostCount;
  }

  private async change(): Promise<void> {
    while (!this.isPaused) {
      const slot = Math.floor(this.chance() * slotCount);
      const value = this.chance() < 0.2 ? 0 : this.changes + 1;
      const payload = value === 0 ? '' : numberedPayload(value, sizeBytes);
      const qos = this.chance() < 0.5 ? 1 : 2;
      try {
        const name = `${topicName}/${slot}`;
        await this.session.connected.publish({ topicName: name, payload, qos, retain: true });
      } catch {
        return; // The client was closed at the end of the run.
      }
      this.slots[slot] = value;
      this.changes++;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  /** What is retained, by slot. Ends when everything expected is here, and what was sent before it. */
  private async ask(): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    const fence = Promise.withResolvers<void>();
    const everything = Promise.withResolvers<void>();
    const expected = this.slots.filter((value) => value !== 0).length;
    if (expected === 0) everything.resolve();
    const client = await connect({ url: this.url, keepAlive: 0 });
    client.onMessage = (packet) => {
      if (packet.topicName === `${topicName}/fence`) {
        fence.resolve();
        return;
      }
      const slot = Number(packet.topicName.slice(topicName.length + 1));
      found.set(slot, numberOf(packet.payload, sizeBytes) ?? -1);
      if (found.size >= expected) everything.resolve();
    };
    await client.subscribe([{ topicFilter: `${topicName}/#`, qos: 1 }]);
    await Promise.race([everything.promise, afterMs(answerMsMax)]);
    await client.publish({ topicName: `${topicName}/fence`, payload: '', qos: 1 });
    await Promise.race([fence.promise, afterMs(answerMsMax)]);
    await client.disconnect();
    return found;
  }
}

export function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
