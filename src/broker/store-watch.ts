import type { Plugins } from './plugins.ts';
import type { Journal, StoreFault } from './stores.ts';

/** Appended and not yet safe: above this nobody is read from, below half of it all are again. */
const pendingBytesMax = 32 * 1024 * 1024;

/**
 * How the store is. One that is slower than its clients would fill the memory, so they are held back; one that
 * fails promises nothing, so what it would have to keep is refused, and everything else goes on.
 */
export class StoreWatch {
  /** More was appended than the disk takes: nobody is read from. */
  isBehind = false;
  /** What keeps the store from its promise at the moment. */
  fault: StoreFault | undefined;
  private readonly journal: Journal;

  constructor(journal: Journal, plugins: Plugins) {
    this.journal = journal;
    journal.onFault((fault) => {
      this.fault = fault.isOver ? undefined : fault;
      plugins.tell('storeFault', fault);
    });
  }

  /** Looks again. @returns whether `isBehind` changed */
  look(): boolean {
    const { pendingBytes } = this.journal.pressure();
    const isBehind = pendingBytes > (this.isBehind ? pendingBytesMax / 2 : pendingBytesMax);
    // A store that has failed will not catch up; what it would have to keep is refused already.
    const holdsBack = isBehind && this.fault === undefined;
    if (holdsBack === this.isBehind) return false;
    this.isBehind = holdsBack;
    return true;
  }
}
