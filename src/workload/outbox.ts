/**
 * Where one connection after the other puts together what it sends in a turn: one buffer for all, used
 * again as soon as the operating system has taken what was in it. Hot file.
 */
import type { Wire } from './wire.ts';

const slabBytes = 256 * 1024;

export class Outbox {
  #slab: Buffer = Buffer.allocUnsafeSlow(slabBytes);
  #start = 0;
  #end = 0;

  /** False when the turn of this connection is over: what is there has to be sent first. */
  hasRoomFor(byteCount: number): boolean {
    if (this.#end + byteCount <= this.#slab.length) return true;
    if (this.#end > this.#start) return false;
    this.#renew(byteCount);
    return true;
  }

  /** Appends the first `byteCount` bytes, for which there must be room. */
  append(bytes: Uint8Array, byteCount: number = bytes.length): void {
    const slab = this.#slab;
    const at = this.#end;
    this.#end = at + byteCount;
    if (byteCount === bytes.length) {
      slab.set(bytes, at);
    } else {
      for (let index = 0; index < byteCount; index++) slab[at + index] = bytes[index] ?? 0;
    }
  }

  /** Hands everything to the wire; the outbox is empty then. Returns how many bytes. */
  flushTo(wire: Wire): number {
    const byteCount = this.#end - this.#start;
    if (byteCount === 0) return 0;
    const isTaken = wire.write(this.#slab.subarray(this.#start, this.#end));
    if (isTaken) {
      this.#end = this.#start;
      return byteCount;
    }
    // These bytes belong to the wire from now on.
    this.#start = this.#end;
    if (this.#slab.length - this.#end < slabBytes / 4) this.#renew(slabBytes);
    return byteCount;
  }

  #renew(byteCount: number): void {
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, byteCount));
    this.#start = 0;
    this.#end = 0;
  }
}
