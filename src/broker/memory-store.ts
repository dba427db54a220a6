import type { Lsn } from '../session/index.ts';
import type { Journal, Op, RecoveryReport, Store } from './stores.ts';

/** Keeps nothing: the broker's own objects are the state, so everything is durable as soon as it is said. */
export class MemoryStore implements Store {
  readonly isDurable = false;
  readonly journal: Journal = new MemoryJournal();

  open(): Promise<RecoveryReport> {
    return Promise.resolve({ sessions: 0, retainedMessages: 0, queuedMessages: 0, problems: [] });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryJournal implements Journal {
  private lsn: Lsn = 0;

  get durable(): Lsn {
    return this.lsn;
  }

  append(_op: Op): Lsn {
    return ++this.lsn;
  }

  onDurable(): void {
    // Never needed: the watermark is always where the last append left it.
  }

  onFault(): void {
    // Memory does not fail short of the process.
  }

  pressure(): { readonly pendingBytes: number; readonly oldestMs: number } {
    return { pendingBytes: 0, oldestMs: 0 };
  }
}
