/**
 * What was published and what came of it, message by message. Each publisher numbers its messages from 1 and
 * publishes them in order, so a receiver needs to remember one number for each publisher, and only what is
 * out of the ordinary beside it.
 *
 * What MQTT allows is no finding: a QoS 1 message may come again with DUP, and once more without it for each
 * time that its publisher sent it again, because the broker had not acknowledged it [MQTT-3.3.1-3].
 */

/** Bytes of the smallest message: its number, twice. */
export const numberedBytesMin = 8;

/** The messages of one publisher. */
export class PublishedMessages {
  /** The number of the last one. */
  sent = 0;
  acknowledged = 0;
  /** Acknowledged with a reason code that says no. */
  readonly refused: Set<number> = new Set();
  /** How often each was sent with DUP. */
  private readonly again: Map<number, number> = new Map();

  sentAgain(sequence: number): void {
    this.again.set(sequence, this.timesAgain(sequence) + 1);
  }

  timesAgain(sequence: number): number {
    return this.again.get(sequence) ?? 0;
  }

  /** How many were sent again. */
  get againCount(): number {
    return this.again.size;
  }
}

/** The messages of one publisher as one session gets them. */
export class DeliveredMessages {
  /** Different messages that came. */
  delivered = 0;
  /** Came again as MQTT allows it. */
  allowedAgain = 0;
  duplicated = 0;
  outOfOrder = 0;
  private readonly published: PublishedMessages;
  private readonly isExactlyOnce: boolean;
  private next = 1;
  private readonly missing = new Set<number>();
  /** Lost so far: nobody waits for those any more. */
  private writtenOff = 0;
  /** Deliveries beyond the first without DUP. */
  private readonly again = new Map<number, number>();

  constructor(published: PublishedMessages, isExactlyOnce: boolean) {
    this.published = published;
    this.isExactlyOnce = isExactlyOnce;
  }

  /** Everything that was sent is here, but for what was given up. */
  get isComplete(): boolean {
    return this.next > this.published.sent && this.lost <= this.writtenOff;
  }

  /** Acknowledged messages that did not come; to be asked when nothing is under way. */
  get lost(): number {
    let lost = Math.max(0, this.published.sent - this.next + 1);
    for (const sequence of this.missing) if (!this.published.refused.has(sequence)) lost++;
    return lost;
  }

  /** What is not here will not come. */
  writeOff(): void {
    for (; this.next <= this.published.sent; this.next++) this.missing.add(this.next);
    this.writtenOff = this.lost;
  }

  accept(sequence: number, isDup: boolean): void {
    if (sequence >= this.next) {
      for (let skipped = this.next; skipped < sequence; skipped++) this.missing.add(skipped);
      this.next = sequence + 1;
      this.delivered++;
    } else if (this.missing.delete(sequence)) {
      this.outOfOrder++;
      this.delivered++;
    } else if (this.isAllowedAgain(sequence, isDup)) {
      this.allowedAgain++;
    } else {
      this.duplicated++;
    }
  }

  private isAllowedAgain(sequence: number, isDup: boolean): boolean {
    if (this.isExactlyOnce) return false;
    if (isDup) return true;
    const times = (this.again.get(sequence) ?? 0) + 1;
    this.again.set(sequence, times);
    return times <= this.published.timesAgain(sequence);
  }
}

/** A message that says its number at its begin and at its end. */
export function numberedPayload(sequence: number, sizeBytes: number): Uint8Array {
  const payload = Buffer.alloc(Math.max(numberedBytesMin, sizeBytes), '.');
  payload.writeUInt32LE(sequence, 0);
  payload.writeUInt32LE(~sequence >>> 0, payload.length - 4);
  return payload;
}

/** The number of such a message; undefined when it is damaged. */
export function numberOf(payload: Uint8Array, sizeBytes: number): number | undefined {
  if (payload.length !== Math.max(numberedBytesMin, sizeBytes)) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const sequence = view.getUint32(0, true);
  const isWhole = view.getUint32(payload.length - 4, true) === ~sequence >>> 0;
  return isWhole ? sequence : undefined;
}
