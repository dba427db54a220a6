/** Counts the bytes that typed arrays copy, by standing in for the methods that do it. */
interface Copying {
  set(source: ArrayLike<number>, offset?: number): void;
  slice(start?: number, end?: number): Uint8Array;
  copyWithin(target: number, start: number, end?: number): Uint8Array;
}

/** Counts until `stop`, which restores everything and tells how many bytes it were. */
export function countCopies(): { stop(): number } {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Copying;
  const { set, slice, copyWithin } = prototype;
  let bytes = 0;
  prototype.set = function (this: Uint8Array, source, offset): void {
    bytes += source.length;
    set.call(this, source, offset);
  };
  prototype.slice = function (this: Uint8Array, start, end): Uint8Array {
    const copy = slice.call(this, start, end);
    bytes += copy.length;
    return copy;
  };
  prototype.copyWithin = function (this: Uint8Array, target, start, end): Uint8Array {
    bytes += (end ?? this.length) - start;
    return copyWithin.call(this, target, start, end);
  };
  return {
    stop(): number {
      Object.assign(prototype, { set, slice, copyWithin });
      return bytes;
    },
  };
}
