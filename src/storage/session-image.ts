import type { SessionNumber } from '../broker/index.ts';
import type { Lsn } from '../session/index.ts';
import { LsnMap } from './lsn-map.ts';
import type { Place, QueueEntry } from './stored-message.ts';

/** What the log holds of one Session: places of its records, and the messages it still needs. */
export class SessionImage {
  readonly number: SessionNumber;
  /** undefined: only its other records are known, the log lost this one. */
  record: Place | undefined = undefined;
  /** Most Sessions have none of these three for most of the time. */
  subscriptions: Map<string, Place> | undefined = undefined;
  unreleased: Map<number, Place> | undefined = undefined;
  private queue: LsnMap<QueueEntry> | undefined = undefined;
  queuedCount = 0;

  constructor(number: SessionNumber) {
    this.number = number;
  }

  *entries(): IterableIterator<QueueEntry> {
    for (const first of this.queue?.values() ?? []) {
      for (let entry: QueueEntry | undefined = first; entry !== undefined; entry = entry.again) {
        yield entry;
      }
    }
  }

  add(entry: QueueEntry): void {
    this.queue ??= new LsnMap();
    this.queuedCount++;
    let last = this.queue.get(entry.message.id);
    if (last === undefined) {
      this.queue.set(entry.message.id, entry);
      return;
    }
    while (last.again !== undefined) last = last.again;
    last.again = entry;
  }

  /** The one that was sent under this identifier, or, if there is none, the first that was not sent. */
  find(message: Lsn, packetId: number): QueueEntry | undefined {
    const first = this.queue?.get(message);
    if (first === undefined || first.again === undefined) return first;
    let unsent: QueueEntry | undefined;
    for (let entry: QueueEntry | undefined = first; entry !== undefined; entry = entry.again) {
      if (entry.packetId === packetId) return entry;
      if (entry.packetId === 0) unsent ??= entry;
    }
    return unsent ?? first;
  }

  remove(entry: QueueEntry): void {
    const { queue } = this;
    const { id } = entry.message;
    const first = queue?.get(id);
    if (queue === undefined || first === undefined) return;
    this.queuedCount--;
    if (first === entry) {
      if (entry.again === undefined) queue.delete(id);
      else queue.set(id, entry.again);
      return;
    }
    let before = first;
    while (before.again !== undefined && before.again !== entry) before = before.again;
    before.again = entry.again;
  }

  clear(): void {
    this.queue = undefined;
    this.queuedCount = 0;
  }
}
