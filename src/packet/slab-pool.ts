/** The sizes that are kept; a writer that outgrows one moves on to the next. */
const sizes = [1024, 4096, 16_384, 65_536] as const;
/** The largest slab that is kept: a writer is best emptied before it outgrows it. */
export const slabBytesMax: number = 65_536;
/** Of each size at most this much lies idle. */
const idleBytesMax = 8 * 1024 * 1024;

/**
 * Memory for what is to be sent, used again and again: a new buffer of 64 KiB costs the zeroing, the page faults
 * and in the end the collection of 64 KiB, one that was just written is in the processor's cache.
 */
export class SlabPool {
  private readonly idle: Uint8Array[][] = sizes.map(() => []);

  /** A slab of at least `bytes`; what is in it is whatever was written to it before. */
  take(bytes: number): Uint8Array {
    for (let index = 0; index < sizes.length; index++) {
      const size = sizes[index] as number;
      if (bytes <= size) return this.idle[index]?.pop() ?? new Uint8Array(size);
    }
    return new Uint8Array(bytes);
  }

  /** Nobody looks at the slab any more. */
  giveBack(slab: Uint8Array): void {
    for (let index = 0; index < sizes.length; index++) {
      if (slab.length !== sizes[index]) continue;
      const idle = this.idle[index] as Uint8Array[];
      if ((idle.length + 1) * slab.length <= idleBytesMax) idle.push(slab);
      return;
    }
  }
}
