import type { Lsn } from '../session/index.ts';

/** LSNs of one page. */
const pageLsns = 4096;

/**
 * A Map with LSNs as keys, for millions of them. LSNs come in order and their entries mostly go in order, so it is
 * a Map of small Maps, one for each stretch of LSNs. One large Map would stop the event loop for 300 ms while
 * it doubles at a million entries, and take twice as long for each call (bench/journal.ts, November 2026).
 */
export class LsnMap<T> {
  size = 0;
  private readonly pages = new Map<number, Map<number, T>>();
  private lastNumber = -1;
  private lastPage: Map<number, T> | undefined;

  get(lsn: Lsn): T | undefined {
    const number = Math.floor(lsn / pageLsns);
    return this.page(number)?.get(lsn - number * pageLsns);
  }

  set(lsn: Lsn, value: T): void {
    const number = Math.floor(lsn / pageLsns);
    let page = this.page(number);
    if (page === undefined) {
      page = new Map();
      this.pages.set(number, page);
      this.lastNumber = number;
      this.lastPage = page;
    }
    const before = page.size;
    page.set(lsn - number * pageLsns, value);
    this.size += page.size - before;
  }

  delete(lsn: Lsn): boolean {
    const number = Math.floor(lsn / pageLsns);
    const page = this.page(number);
    if (page === undefined || !page.delete(lsn - number * pageLsns)) return false;
    this.size--;
    if (page.size > 0) return true;
    this.pages.delete(number);
    this.lastNumber = -1;
    this.lastPage = undefined;
    return true;
  }

  *values(): IterableIterator<T> {
    for (const page of this.pages.values()) yield* page.values();
  }

  private page(number: number): Map<number, T> | undefined {
    if (number === this.lastNumber) return this.lastPage;
    const page = this.pages.get(number);
    if (page === undefined) return undefined;
    this.lastNumber = number;
    this.lastPage = page;
    return page;
  }
}
