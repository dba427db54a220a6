import type { DropCause, MessageDropped } from '../../src/broker/index.ts';
import type { QoS } from '../../src/packet/index.ts';
import type { Instance } from './publication.ts';

/** Copies for one Session that the broker reported as dropped, to be struck off what the model expects. */
export class DropLedger {
  private readonly counts = new Map<string, number>();
  private struck: string[] | undefined;

  add({ cause, payloadBytes, publisherId = '', qos, topicName }: MessageDropped): void {
    this.count(`${cause} ${senderOf(publisherId, payloadBytes)} ${qos} ${topicName}`);
  }

  /** One copy arrived in the place of another that is its equal and may have been lost. */
  addEqual(instance: Instance): void {
    this.count(keyOfEqual(instance));
  }

  /** Strikes off a copy at this QoS. @returns whether there was one. */
  strike(cause: DropCause, { publication, publisherId }: Instance, qos: QoS): boolean {
    const sender = senderOf(publisherId, publication.payload.length);
    return this.strikeKey(`${cause} ${sender} ${qos} ${publication.topicName}`);
  }

  /** Strikes off one that came in the place of another. */
  strikeEqual(instance: Instance): boolean {
    return this.strikeKey(keyOfEqual(instance));
  }

  /** Undoes what `step` struck off if it returns false. */
  attempt(step: () => boolean): boolean {
    const struck: string[] = [];
    this.struck = struck;
    const isDone = step();
    this.struck = undefined;
    if (!isDone) for (const key of struck) this.count(key);
    return isDone;
  }

  private strikeKey(key: string): boolean {
    const count = this.counts.get(key) ?? 0;
    if (count === 0) return false;
    this.counts.set(key, count - 1);
    this.struck?.push(key);
    return true;
  }

  private count(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}

/** Empty payloads are all alike, whoever published them. */
function senderOf(publisherId: string, payloadBytes: number): string {
  return payloadBytes === 0 ? '' : publisherId;
}

function keyOfEqual({ publication }: Instance): string {
  return `equal ${publication.id} ${publication.topicName}`;
}
