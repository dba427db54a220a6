import type { Message } from '../session/index.ts';
import { NameTrie, type NameWalk } from '../topic/index.ts';
import { type Core, orUnlimited } from './core.ts';
import { PackedBodies } from './packed-bodies.ts';
import { RetainedMessage } from './retained-message.ts';
import { Timer } from './timer-wheel.ts';

/**
 * The Retained Messages: at most one for each Topic Name, the last one published with RETAIN 1
 * [MQTT-3.3.1-5]. Those with a Message Expiry Interval end by themselves.
 */
export class RetainedMessages {
  private readonly core: Core;
  private readonly names = new NameTrie<RetainedMessage>();
  private readonly bodies = new PackedBodies();
  /** Payload bytes of all of them. */
  bytes = 0;

  constructor(core: Core) {
    this.core = core;
  }

  get count(): number {
    return this.names.size;
  }

  /** The limit that keeps this message from being retained, if one does. */
  refusal(topicName: string, payloadBytes: number): string | undefined {
    const { retainedMessagesMax, retainedBytesMax } = this.core.settings.limits;
    const isNearMessages = this.names.size >= orUnlimited(retainedMessagesMax);
    const isNearBytes = this.bytes + payloadBytes > orUnlimited(retainedBytesMax);
    if (!isNearMessages && !isNearBytes) return undefined;
    const known = this.names.get(topicName);
    if (known === undefined && isNearMessages)
      return `retained_messages_max ${retainedMessagesMax}`;
    const replaced = known?.payloadBytes ?? 0;
    if (this.bytes - replaced + payloadBytes > orUnlimited(retainedBytesMax)) {
      return `retained_bytes_max ${retainedBytesMax}`;
    }
    return undefined;
  }

  set(message: Message): void {
    const { topicName } = message;
    // The name keeps its place in the tree: a walk that is under way must not miss it.
    let retained = this.names.get(topicName);
    if (retained === undefined) {
      retained = new RetainedMessage(topicName);
      this.names.set(topicName, retained);
    } else this.forgetValue(retained);
    retained.set(message, this.bodies);
    if (message.expiresAtMs !== Infinity) {
      retained.expiry = new Timer(() => this.expire(topicName));
      this.core.wheel.schedule(retained.expiry, message.expiresAtMs);
    }
    this.bytes += retained.payloadBytes;
    this.core.plugins.tell('retainedChanged', topicName, false);
  }

  /** @returns whether there was one. */
  delete(topicName: string): boolean {
    const known = this.names.get(topicName);
    if (known === undefined) return false;
    this.forgetValue(known);
    known.remove();
    this.names.delete(topicName);
    this.core.plugins.tell('retainedChanged', topicName, true);
    return true;
  }

  get(topicName: string): Message | undefined {
    return this.names.get(topicName)?.message;
  }

  /** All of them, one by one; each is good until the next is asked for. */
  *all(): Iterable<Message> {
    for (const [, retained] of this.names.entries()) yield retained.message;
  }

  /** Looks for all that match, in bounded pieces. */
  walk(topicFilter: string): NameWalk<RetainedMessage> {
    return this.names.walk(topicFilter);
  }

  /** What belongs to a value besides its body. */
  private forgetValue(known: RetainedMessage): void {
    if (known.expiry !== undefined) this.core.wheel.cancel(known.expiry);
    known.expiry = undefined;
    this.bytes -= known.payloadBytes;
  }

  private expire(topicName: string): void {
    if (this.delete(topicName)) {
      this.core.journal.append({ kind: 'retained-removed', topicName });
    }
  }
}
