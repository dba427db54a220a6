/**
 * Packet Identifiers for one direction of one Session: allocate, release and reserve are O(1), also when
 * acknowledgements come in any order. A released number is used again only after some others, so a late
 * acknowledgement does not meet a number that was reused at once; otherwise reuse comes before fresh
 * numbers, so that they stay as dense as the messages under way are many.
 */
const reuseDistance = 64;
export const packetIdMax = 65_535;

export class PacketIdPool {
  private fresh = 0;
  /** Released identifiers, a ring: `count` of them from `head` on. Made when the first one comes. */
  private ring: Uint16Array | undefined;
  private head = 0;
  private count = 0;

  /** @returns an identifier in 1..65535. Asking when all are in use is a bug of the caller. */
  allocate(): number {
    if (this.count >= reuseDistance) return this.takeReleased();
    if (this.fresh < packetIdMax) return ++this.fresh;
    if (this.count > 0) return this.takeReleased();
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
    const ring = new Uint16Array(
      full === undefined ? reuseDistance : Math.min(full.length * 2, 65_536),
    );
    for (let i = 0; i < this.count; i++) {
      ring[i] = (full as Uint16Array)[(this.head + i) % (full as Uint16Array).length] as number;
    }
    this.ring = ring;
    this.head = 0;
    return ring;
  }
}
