/**
 * Copies of message bodies, laid side by side in slabs: a buffer of its own for a body of 256 bytes costs
 * 280 ns to make and more to collect, a place in a slab 50 ns (bench/body-arena.ts, November 2026).
 * A slab lives as long as any body in it, so it is small, and what may be kept for long (Retained Messages,
 * messages for clients that are away) gets a buffer of its own instead.
 */
import { ownPayloadBytesMin } from '../packet/index.ts';

const slabBytes = 16 * 1024;
/** Larger bodies would waste the rest of a slab; their own buffer costs little beside the copy. */
export const sharedBytesMax: number = 2 * 1024;

/** Where bodies are laid. */
export class BodyArena {
  /** The one that `add` wrote to last. */
  slab: Uint8Array = new Uint8Array(0);
  private used = 0;

  /** Copies a body of at most `sharedBytesMax` into `slab`. @returns where it begins there */
  add(body: Uint8Array): number {
    const start = this.used;
    if (start + body.length <= this.slab.length) {
      this.slab.set(body, start);
      this.used = start + body.length;
      return start;
    }
    this.slab = new Uint8Array(slabBytes);
    this.slab.set(body);
    this.used = body.length;
    return 0;
  }
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
