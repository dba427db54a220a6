/** What a window holds: knows its place and its turn. */
export interface WindowEntry {
  readonly packetId: number;
  /** Rises with each entry that is put in; set by the window. */
  order: number;
}

const none: never[] = [];
/** An array that grew beyond this is given up when it is empty. */
const slotsKeptMax = 1024;

/**
 * The messages under way to one client, by Packet Identifier. Identifiers come from a small dense range, so
 * an array does what a Map would for a third of its cost; the order of sending, which only a reconnect asks
 * for, is found by sorting.
 */
export class InflightWindow<T extends WindowEntry> {
  /** Made with the first entry: most Sessions have none for most of their life. */
  private slots: (T | undefined)[] | undefined;
  private nextOrder = 0;
  size = 0;

  get(packetId: number): T | undefined {
    return this.slots?.[packetId];
  }

  /** The identifier must be free. */
  put(entry: T): void {
    this.slots ??= [];
    const { slots } = this;
    entry.order = this.nextOrder++;
    while (slots.length <= entry.packetId) slots.push(undefined);
    slots[entry.packetId] = entry;
    this.size++;
  }

  delete(packetId: number): void {
    if (this.slots?.[packetId] === undefined) return;
    this.slots[packetId] = undefined;
    this.size--;
    if (this.size === 0 && this.slots.length > slotsKeptMax) this.slots = undefined;
  }

  clear(): void {
    this.slots = undefined;
    this.size = 0;
  }

  /** In the order in which they were put in. The array is not to be changed. */
  entries(): T[] {
    if (this.slots === undefined) return none;
    const entries: T[] = [];
    for (const entry of this.slots) if (entry !== undefined) entries.push(entry);
    return entries.sort((a, b) => a.order - b.order);
  }
}
