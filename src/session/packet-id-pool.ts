/**
 * Packet Identifiers for one direction of one Session: allocate, release and reserve are O(1), also when
 * acknowledgements come in any order. Fresh numbers are given out up to a span of a few windows, then
 * released ones are used again, the longest unused first, so a late acknowledgement does not meet a
 * number that was reused at once. The numbers stay dense and the bookkeeping as small as the span.
 */
const spanMin = 64;
export const packetIdMax = 65_535;

export class PacketIdPool {
  private fresh = 0;
  private span: number = spanMin;
  /** Released identifiers, a ring: `count` of them from `head` on. Made when the first one comes. */
  private ring: Uint16Array | undefined;
  private head = 0;
  private count = 0;

  /** `windowSize`: the most identifiers that are ever in use at once. */
  widen(windowSize: number): void {
    this.span = Math.min(packetIdMax, Math.max(this.span, windowSize * 2));
  }

  /** @returns an identifier in 1..65535. Asking when all are in use is a bug of the caller. */
  allocate(): number {
    if (this.fresh < this.span) return ++this.fresh;
    if (this.count > 0) return this.takeReleased();
    if (this.fresh < packetIdMax) return ++this.fresh;
    throw new Error('all 65535 Packet Identifiers are in use');
  }

  release(packetId: number): void {
    const ring = this.roomyRing();
    ring[(this.head + this.count) % ring.length] = packetId;
    this.count++;
  }

  /** Marks an identifier of restored state as in use. Linear: only for start-up. */
  reserve(packetId: number): void {
    if (packetId > this.fresh) {
      for (let id = this.fresh + 1; id < packetId; id++) this.release(id);
      this.fresh = packetId;
      return;
    }
    for (let left = this.count; left > 0; left--) {
      const released = this.takeReleased();
      if (released !== packetId) this.release(released);
    }
  }

  private takeReleased(): number {
    const ring = this.ring as Uint16Array;
    const packetId = ring[this.head] as number;
    this.head = (this.head + 1) % ring.length;
    this.count--;
    return packetId;
  }

  private roomyRing(): Uint16Array {
    const full = this.ring;
    if (full !== undefined && this.count < full.length) return full;
    const ring = new Uint16Array(full === undefined ? spanMin : Math.min(full.length * 2, 65_536));
    for (let i = 0; i < this.count; i++) {
      ring[i] = (full as Uint16Array)[(this.head + i) % (full as Uint16Array).length] as number;
    }
    this.ring = ring;
    this.head = 0;
    return ring;
  }
}
