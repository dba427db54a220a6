/**
 * Copies of message bodies, laid side by side in slabs: a buffer of its own for a body of 256 bytes costs
 * 280 ns to make and more to collect, a place in a slab 50 ns (bench/body-arena.ts, November 2026).
 *
 * Most bodies are there only until their receivers have acknowledged. A slab of which every body was given
 * back is written again; one of which a body never is stays as long as anybody holds that. So a slab is small,
 * and what may be kept for long (Retained Messages, messages for clients that are away) gets a buffer of its
 * own instead.
 */
import { ownPayloadBytesMin } from '../packet/index.ts';

const slabBytes = 16 * 1024;
/** Larger bodies would waste the rest of a slab; their own buffer costs little beside the copy. */
export const sharedBytesMax: number = 2 * 1024;
/** Free slabs beyond these are left to the collector. */
const freeSlabsMax = 64;

export interface BodySlab {
  readonly bytes: Uint8Array;
  /** Bodies that were not given back. */
  bodies: number;
}

/** Where bodies are laid. */
export class BodyArena {
  /** The one that `add` wrote to last. */
  slab: BodySlab = newSlab();
  private used = 0;
  private readonly free: BodySlab[] = [];

  /** Copies a body of at most `sharedBytesMax` into `slab`. @returns where it begins there */
  add(body: Uint8Array): number {
    if (this.used + body.length > slabBytes) this.turnTo(this.free.pop() ?? newSlab());
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
}

function newSlab(): BodySlab {
  return { bytes: new Uint8Array(slabBytes), bodies: 0 };
}

/** Of the process. */
export const bodyArena: BodyArena = new BodyArena();

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
