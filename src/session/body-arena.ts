/**
 * Copies of message bodies, laid side by side in slabs: a buffer of its own for a body of 256 bytes costs
 * 280 ns to make and more to collect, a place in a slab 50 ns (bench/body-arena.ts, November 2026).
 *
 * A slab of which every body was given back is written again; one of which a body never is stays as long as
 * anybody holds that. So what is there only until its receivers have acknowledged lies apart from what waits for
 * clients that are away, and slabs are small: one body alone keeps at most that much.
 */
import { ownPayloadBytesMin } from '../packet/index.ts';

/** Free slabs beyond these are left to the collector. */
const freeSlabsMax = 64;

export interface BodySlab {
  readonly arena: BodyArena;
  readonly bytes: Uint8Array;
  /** Bodies that were not given back. */
  bodies: number;
}

/** Where bodies are laid. */
export class BodyArena {
  /** Larger bodies would waste the rest of a slab; their own buffer costs little beside the copy. */
  readonly bodyBytesMax: number;
  /** The one that `add` wrote to last. */
  slab: BodySlab;
  private readonly slabBytes: number;
  private used = 0;
  private readonly free: BodySlab[] = [];

  constructor(slabBytes: number) {
    this.slabBytes = slabBytes;
    this.bodyBytesMax = slabBytes / 8;
    this.slab = this.newSlab();
  }

  /** Copies a body of at most `bodyBytesMax` into `slab`. @returns where it begins there */
  add(body: Uint8Array): number {
    if (this.used + body.length > this.slabBytes) this.turnTo(this.free.pop() ?? this.newSlab());
    const start = this.used;
    this.slab.bytes.set(body, start);
    this.slab.bodies++;
    this.used = start + body.length;
    return start;
  }

  /** Nobody looks at one of the slab's bodies any more. */
  giveBack(slab: BodySlab): void {
    slab.bodies--;
    if (slab.bodies > 0 || slab === this.slab) return;
    if (this.free.length < freeSlabsMax) this.free.push(slab);
  }

  private turnTo(slab: BodySlab): void {
    const left = this.slab;
    this.slab = slab;
    this.used = 0;
    if (left.bodies === 0 && this.free.length < freeSlabsMax) this.free.push(left);
  }

  private newSlab(): BodySlab {
    return { arena: this, bytes: new Uint8Array(this.slabBytes), bodies: 0 };
  }
}

/** Of the process: for bodies under way. */
export const bodyArena: BodyArena = new BodyArena(16 * 1024);
/** Of the process: for bodies that wait. */
export const waitingBodies: BodyArena = new BodyArena(16 * 1024);

/** What may be kept: the payload itself where it is in a buffer of its own, else a copy. */
export function keptPayload(payload: Uint8Array): Uint8Array {
  return payload.length < ownPayloadBytesMin ? isolatedCopy(payload) : payload;
}

/** A copy in a buffer of exactly its size. */
export function isolatedCopy(body: Uint8Array): Uint8Array {
  const copy = new Uint8Array(body.length);
  copy.set(body);
  return copy;
}
