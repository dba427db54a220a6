/**
 * Copies of message bodies, laid side by side in slabs: a buffer of its own for a body of 256 bytes costs
 * 280 ns to make and more to collect, a place in a slab 50 ns (bench/body-arena.ts, November 2026).
 * A slab lives as long as any body in it, so it is small, and what may be kept for long (Retained Messages,
 * messages for clients that are away) gets a buffer of its own instead.
 */
import { ownPayloadBytesMin } from '../packet/index.ts';

const slabBytes = 16 * 1024;
/** Larger bodies would waste the rest of a slab; their own buffer costs little beside the copy. */
const sharedBytesMax = 2 * 1024;

let slab = new Uint8Array(0);
let used = 0;

/** A copy that nobody else writes to, good for as long as it is held. */
export function copyBody(body: Uint8Array): Uint8Array {
  const { length } = body;
  if (length > sharedBytesMax) return isolatedCopy(body);
  if (used + length > slab.length) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  slab.set(body, used);
  const copy = slab.subarray(used, used + length);
  used += length;
  return copy;
}

/** What may be kept: the payload itself where it is in a buffer of its own, else a copy. */
export function keptPayload(payload: Uint8Array): Uint8Array {
  return payload.length < ownPayloadBytesMin ? copyBody(payload) : payload;
}

/** A copy in a buffer of exactly its size. */
export function isolatedCopy(body: Uint8Array): Uint8Array {
  const copy = new Uint8Array(body.length);
  copy.set(body);
  return copy;
}
