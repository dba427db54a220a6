const shardCount = 1024;

/**
 * A Map with texts as keys, for a million of them, as many small Maps: one large Map would stop the event loop
 * while it doubles, for 300 ms at a million entries, and take longer for each call.
 */
export class TextMap<T> {
  size = 0;
  private readonly shards: (Map<string, T> | undefined)[] = new Array(shardCount).fill(undefined);

  get(text: string): T | undefined {
    return this.shards[shardOf(text)]?.get(text);
  }

  set(text: string, value: T): void {
    const index = shardOf(text);
    let shard = this.shards[index];
    if (shard === undefined) {
      shard = new Map();
      this.shards[index] = shard;
    }
    const before = shard.size;
    shard.set(text, value);
    this.size += shard.size - before;
  }

  delete(text: string): boolean {
    const isDeleted = this.shards[shardOf(text)]?.delete(text) === true;
    if (isDeleted) this.size--;
    return isDeleted;
  }
}

function shardOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (shardCount - 1);
}
