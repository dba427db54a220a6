/**
 * Message bodies that are kept for long, side by side in slabs with room for 30 of about the same size each.
 * A buffer of its own costs some 400 bytes besides its content and leaves the memory of the process in pieces;
 * a place here costs about 10. A place is given back by whoever took it, and a slab goes with its last body.
 *
 * Rejected: slabs that the collector frees (one body would keep a whole slab alive, for as long as that is the
 * last state of a silent sensor), one large slab that is compacted (all places would have to be found).
 */

/** Larger bodies are better off in a buffer of their own: what that costs besides is little beside them. */
export const packedBytesMax = 1024;

/** As many as there are bits in a number that V8 keeps without an object of its own. */
const placesPerSlab = 30;
const allFree = 2 ** placesPerSlab - 1;

export class PackedBodies {
  /** By the bytes of a place: the slabs that have a free one. */
  private readonly rooms = new Map<number, Slab[]>();

  /** A slab that has a place for a body of this length, `packedBytesMax` at most. */
  slabFor(length: number): Slab {
    const placeBytes = placeBytesFor(length);
    let room = this.rooms.get(placeBytes);
    if (room === undefined) {
      room = [];
      this.rooms.set(placeBytes, room);
    }
    return room.at(-1) ?? new Slab(placeBytes, room);
  }
}

export class Slab {
  private readonly bytes: Uint8Array;
  private readonly placeBytes: number;
  /** The slabs of this size that have a free place. */
  private readonly room: Slab[];
  /** A bit for each place. */
  private free: number = allFree;
  /** Where it is in `room`; means nothing while it is full. */
  private index: number;

  constructor(placeBytes: number, room: Slab[]) {
    this.bytes = new Uint8Array(placesPerSlab * placeBytes);
    this.placeBytes = placeBytes;
    this.room = room;
    this.index = room.length;
    room.push(this);
  }

  /** Copies the body to a free place; there must be one. @returns the place */
  put(body: Uint8Array): number {
    const place = 31 - Math.clz32(this.free & -this.free);
    this.free &= ~(1 << place);
    if (this.free === 0) this.leaveRoom();
    this.bytes.set(body, place * this.placeBytes);
    return place;
  }

  /** A view, good until the place is given back. */
  view(place: number, length: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, place * this.placeBytes, length);
  }

  giveBack(place: number): void {
    if (this.free === 0) {
      this.index = this.room.length;
      this.room.push(this);
    }
    this.free |= 1 << place;
    // The last one stays: a body that comes and goes would make a slab each time.
    if (this.free === allFree && this.room.length > 1) this.leaveRoom();
  }

  private leaveRoom(): void {
    const last = this.room.pop();
    if (last === undefined || last === this) return;
    this.room[this.index] = last;
    last.index = this.index;
  }
}

/** Steps of 16 bytes for small bodies, of a quarter and less for larger ones. */
function placeBytesFor(length: number): number {
  const step = length <= 256 ? 16 : 64;
  return Math.max(step, Math.ceil(length / step) * step);
}
