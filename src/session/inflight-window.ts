/** What a window holds: knows its place and its turn. */
export interface WindowEntry {
  readonly packetId: number;
  /** Rises with each entry that is put in; set by the window. */
  order: number;
}

/**
 * The messages under way to one client, by Packet Identifier. Identifiers come from a small dense range, so
 * an array does what a Map would for a third of its cost; the order of sending, which only a reconnect asks
 * for, is found by sorting.
 */
export class InflightWindow<T extends WindowEntry> {
  private readonly slots: (T | undefined)[] = [];
  private nextOrder = 0;
  size = 0;

  get(packetId: number): T | undefined {
    return this.slots[packetId];
  }

  /** The identifier must be free. */
  put(entry: T): void {
    entry.order = this.nextOrder++;
    while (this.slots.length <= entry.packetId) this.slots.push(undefined);
    this.slots[entry.packetId] = entry;
    this.size++;
  }

  delete(packetId: number): void {
    if (this.slots[packetId] === undefined) return;
    this.slots[packetId] = undefined;
    this.size--;
  }

  clear(): void {
    this.slots.length = 0;
    this.size = 0;
  }

  /** In the order in which they were put in. */
  entries(): T[] {
    const entries: T[] = [];
    for (const entry of this.slots) if (entry !== undefined) entries.push(entry);
    return entries.sort((a, b) => a.order - b.order);
  }
}
