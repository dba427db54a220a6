/**
 * What one connection still has to send. As long as the operating system takes what it is given, there is no
 * queue: bytes go straight from the writer's memory into the socket, and the writer has that memory back.
 * Collecting the packets of a turn is the writer's business. A peer that is slower makes a queue: what is
 * written meanwhile is kept, small chunks side by side in larger ones, and leaves in batches.
 *
 * At most `batchBytesMax` is on its way at a time (more only when a single chunk is larger), so
 * `pendingBytes` follows the peer closely instead of dropping from everything to nothing. Leaving the
 * queueing to the stream was rejected for that reason: it turns its whole buffer into one request.
 */

/** Below this the owed `drained` is paid. */
export const lowWaterBytes: number = 256 * 1024;
const batchBytesMax = 256 * 1024;
const copyBytesMax = 64 * 1024;
/** Chunks that are larger than this on average are cheaper gathered than copied. */
const copiedChunkBytesMax = 4096;

/** Where the bytes go. */
export interface OutboundSink {
  /** @returns whether all of it was taken in the call; otherwise the chunk belongs to the sink. */
  send(chunk: Uint8Array): boolean;
  /** Several chunks in order, with one system call where possible. */
  sendMany(chunks: readonly Uint8Array[]): boolean;
  /** Calls back once everything sent so far was taken or is lost, in a later turn or the same. */
  whenTaken(callback: () => void): void;
}

/** Who is told. */
export interface OutboundOwner {
  /** Once for each `requestDrained`, or for several before it. */
  drained(): void;
}

export class OutboundQueue {
  readonly #sink: OutboundSink;
  readonly #owner: OutboundOwner;
  /** Only while bytes are on their way. */
  #chunks: Uint8Array[] = [];
  #queuedBytes = 0;
  #sentBytes = 0;
  #owesDrained = false;
  #isOpen = true;

  constructor(sink: OutboundSink, owner: OutboundOwner) {
    this.#sink = sink;
    this.#owner = owner;
  }

  /** Bytes that the operating system has not taken. */
  get pendingBytes(): number {
    return this.#queuedBytes + this.#sentBytes;
  }

  /** Owns `bytes` from now on. Ignored after `finish` and `drop`. */
  write(bytes: Uint8Array): void {
    if (!this.#isOpen || bytes.length === 0) return;
    if (this.#sentBytes > 0) this.#add(bytes);
    else this.#sendOne(bytes);
  }

  /** @returns whether the caller may write to `bytes` again: they were taken, copied or ignored. */
  lend(bytes: Uint8Array): boolean {
    if (!this.#isOpen || bytes.length === 0) return true;
    if (this.#sentBytes > 0) {
      this.#add(new Uint8Array(bytes));
      return true;
    }
    return this.#sendOne(bytes);
  }

  /**
   * Who stopped writing is told when bytes have been taken and `pendingBytes` is below low water. A mark of
   * our own was rejected, from which on we tell unasked: whoever has a lower limit would wait for ever.
   */
  requestDrained(): void {
    this.#owesDrained = true;
  }

  /** Hands everything to the sink at once, and takes nothing more. */
  finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#owesDrained = false;
    if (this.#queuedBytes > 0) this.#send(this.#takeAll());
  }

  /** Forgets what is queued, and takes nothing more. */
  drop(): void {
    this.#isOpen = false;
    this.#owesDrained = false;
    this.#takeAll();
    this.#sentBytes = 0;
  }

  #add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
  }

  #takeAll(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#queuedBytes = 0;
    return chunks;
  }

  #nextBatch(): Uint8Array[] {
    if (this.#queuedBytes <= batchBytesMax) return this.#takeAll();
    let count = 0;
    let bytes = 0;
    for (const chunk of this.#chunks) {
      if (count > 0 && bytes + chunk.length > batchBytesMax) break;
      count += 1;
      bytes += chunk.length;
    }
    this.#queuedBytes -= bytes;
    return this.#chunks.splice(0, count);
  }

  /** @returns whether the sink took it all at once. */
  #sendOne(chunk: Uint8Array): boolean {
    if (this.#sink.send(chunk)) return true;
    this.#isUnderWay(chunk.length);
    return false;
  }

  #send(batch: readonly Uint8Array[]): boolean {
    if (batch.length === 1) return this.#sendOne(batch[0] as Uint8Array);
    let bytes = 0;
    for (const chunk of batch) bytes += chunk.length;
    if (isWorthCopying(batch, bytes)) return this.#sendOne(Buffer.concat(batch));
    if (this.#sink.sendMany(batch)) return true;
    this.#isUnderWay(bytes);
    return false;
  }

  #isUnderWay(bytes: number): void {
    this.#sentBytes += bytes;
    this.#sink.whenTaken(this.#taken);
  }

  /** After `finish` two batches can be under way: what is pending is then of interest to nobody. */
  readonly #taken = (): void => {
    this.#sentBytes = 0;
    if (!this.#isOpen) return;
    while (this.#queuedBytes > 0 && this.#send(this.#nextBatch()));
    if (this.#owesDrained && this.pendingBytes < lowWaterBytes) {
      this.#owesDrained = false;
      this.#owner.drained();
    }
  };
}

function isWorthCopying(batch: readonly Uint8Array[], bytes: number): boolean {
  return bytes <= copyBytesMax && bytes < batch.length * copiedChunkBytesMax;
}
