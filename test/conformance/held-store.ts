import type { Journal, Op, RecoveryReport, Store } from '../../src/broker/index.ts';

/** A store in which nothing becomes durable until the test says so. */
export class HeldStore implements Store {
  readonly isDurable = true;
  readonly ops: Op[] = [];
  readonly journal: Journal;
  private durable = 0;
  private readonly callbacks: ((upTo: number) => void)[] = [];

  constructor() {
    const store = this;
    this.journal = {
      append: (op) => this.ops.push(op),
      get durable(): number {
        return store.durable;
      },
      onDurable: (callback) => {
        this.callbacks.push(callback);
      },
      onFault: () => undefined,
      pressure: () => ({ pendingBytes: 0, oldestMs: 0 }),
    };
  }

  /** Everything appended so far, or the first `count` operations, become durable. */
  release(count: number = this.ops.length): void {
    this.durable = count;
    for (const callback of this.callbacks) callback(count);
  }

  open(): Promise<RecoveryReport> {
    return Promise.resolve({ sessions: 0, retainedMessages: 0, queuedMessages: 0, problems: [] });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
