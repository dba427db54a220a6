/**
 * Packet Identifiers for one direction of one Session: allocate, release and reserve are O(1), also when
 * acknowledgements come in any order. Fresh numbers are given out up to a span of a few windows, then
 * released ones are used again, the longest unused first, so a late acknowledgement does not meet a
 * number that was reused at once. The bookkeeping stays as small as the span.
 */
const spanMin = 256;
export const packetIdMax = 65_535;

export class PacketIdPool {
  private fresh = 0;
  private released: number[] = [];
  private head = 0;
  private span = spanMin;

  /** `windowSize`: the most identifiers that are ever in use at once. */
  widen(windowSize: number): void {
    this.span = Math.min(packetIdMax, Math.max(this.span, windowSize * 4));
  }

  /** @returns an identifier in 1..65535. Asking when all are in use is a bug of the caller. */
  allocate(): number {
    if (this.fresh < this.span) return ++this.fresh;
    if (this.head < this.released.length) {
      const packetId = this.released[this.head++] as number;
      if (this.head > 64 && this.head * 2 > this.released.length) {
        this.released = this.released.slice(this.head);
        this.head = 0;
      }
      return packetId;
    }
    if (this.fresh < packetIdMax) return ++this.fresh;
    throw new Error('all 65535 Packet Identifiers are in use');
  }

  release(packetId: number): void {
    this.released.push(packetId);
  }

  /** Marks an identifier of restored state as in use. Linear: only for start-up. */
  reserve(packetId: number): void {
    if (packetId > this.fresh) {
      for (let id = this.fresh + 1; id < packetId; id++) this.released.push(id);
      this.fresh = packetId;
      return;
    }
    const index = this.released.indexOf(packetId, this.head);
    if (index >= 0) this.released.splice(index, 1);
  }
}
