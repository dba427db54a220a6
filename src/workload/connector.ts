/**
 * Opens connections: so many handshakes at a time, or so many a second. The first one goes alone: it shows
 * whether anyone is there, and what the host's name means.
 */
import type { LoadConnection } from './load-connection.ts';
import { nowMs } from './machine-clock.ts';
import { OpenLoopSchedule } from './open-loop-schedule.ts';
import { ScheduleDriver } from './schedule-driver.ts';
import type { Turn } from './turn.ts';
import type { WireOpener } from './wire.ts';

export interface ConnectorOptions {
  readonly connections: readonly LoadConnection[];
  readonly opener: WireOpener;
  readonly turn: Turn;
  readonly connectingMax: number;
  /** Of these connections; 0: as fast as handshakes end. */
  readonly ratePerSecond: number;
  readonly isSpinning: boolean;
  /** Whether one that fails ends it all; a first one that fails always does. */
  readonly needsAll: boolean;
}

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  #driver: ScheduleDriver | undefined;
  /** When the next ones should have been opened, for those whose time has come. */
  readonly #dueMs: number[] = [];
  #next = 0;
  #opening = 0;
  #settled = 0;
  #isOver = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** The time that the loop turned for nothing, waiting for the next one of a rate. */
  get idleMs(): number {
    return this.#driver?.idleMs ?? 0;
  }

  /** Resolves when all are ready or failed, or it is over for another reason. */
  async run(): Promise<void> {
    if (this.#options.connections.length === 0) return;
    this.#open(nowMs());
    await this.#done.promise;
  }

  /** One is ready or has failed. */
  settled(isReady: boolean): void {
    this.#opening--;
    this.#settled++;
    const isFirst = this.#settled === 1;
    if (this.#settled === this.#options.connections.length) this.stop();
    else if (!isReady && (isFirst || this.#options.needsAll)) this.stop();
    else if (isFirst && this.#options.ratePerSecond > 0) this.#startSchedule();
    else this.#openMore();
  }

  /** Opens no more. */
  stop(): void {
    this.#isOver = true;
    this.#driver?.stop();
    this.#done.resolve();
  }

  #startSchedule(): void {
    const { ratePerSecond, connections, turn, isSpinning } = this.#options;
    const rest = connections.length - 1;
    const schedule = new OpenLoopSchedule({
      ratePerSecond,
      publisherCount: 1,
      publishers: [0],
      durationMs: (rest / ratePerSecond) * 1000,
    });
    const startMs = nowMs();
    let number = 0;
    this.#driver = new ScheduleDriver({
      schedule,
      turn,
      isSpinning,
      due: () => {
        this.#dueMs.push(schedule.timeOf(0, number++));
        this.#openMore();
      },
    });
    this.#driver.start(startMs);
  }

  #openMore(): void {
    const { connections, connectingMax, ratePerSecond } = this.#options;
    while (!this.#isOver && this.#opening < connectingMax && this.#next < connections.length) {
      const dueMs = ratePerSecond > 0 ? this.#dueMs.shift() : nowMs();
      if (dueMs === undefined) return;
      this.#open(dueMs);
    }
  }

  #open(dueMs: number): void {
    const connection = this.#options.connections[this.#next++];
    this.#opening++;
    connection?.open(this.#options.opener, dueMs);
  }
}
