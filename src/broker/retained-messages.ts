import type { Message } from '../session/index.ts';
import { NameTrie, type NameWalk } from '../topic/index.ts';
import { type Core, orUnlimited } from './core.ts';
import { Timer } from './timer-wheel.ts';

interface Retained {
  readonly message: Message;
  readonly expiry: Timer | undefined;
}

/**
 * The Retained Messages: at most one for each Topic Name, the last one published with RETAIN 1
 * [MQTT-3.3.1-5]. Those with a Message Expiry Interval end by themselves.
 */
export class RetainedMessages {
  private readonly core: Core;
  private readonly names = new NameTrie<Retained>();
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
    const known = this.names.get(topicName);
    if (known === undefined && this.names.size >= orUnlimited(retainedMessagesMax)) {
      return `retained_messages_max ${retainedMessagesMax}`;
    }
    const replaced = known?.message.payload.length ?? 0;
    if (this.bytes - replaced + payloadBytes > orUnlimited(retainedBytesMax)) {
      return `retained_bytes_max ${retainedBytesMax}`;
    }
    return undefined;
  }

  set(message: Message): void {
    const { topicName } = message;
    // The name keeps its place in the tree: a walk that is under way must not miss it.
    this.release(this.names.get(topicName));
    let expiry: Timer | undefined;
    if (message.expiresAtMs !== Infinity) {
      expiry = new Timer(() => this.expire(topicName));
      this.core.wheel.schedule(expiry, message.expiresAtMs);
    }
    this.names.set(topicName, { message: message.isolate(), expiry });
    this.bytes += message.payload.length;
    this.core.plugins.tell('retainedChanged', topicName, false);
  }

  /** @returns whether there was one. */
  delete(topicName: string): boolean {
    const known = this.names.get(topicName);
    if (known === undefined) return false;
    this.release(known);
    this.names.delete(topicName);
    this.core.plugins.tell('retainedChanged', topicName, true);
    return true;
  }

  get(topicName: string): Message | undefined {
    return this.names.get(topicName)?.message;
  }

  /** Looks for all that match, in bounded pieces. */
  walk(topicFilter: string): NameWalk<Retained> {
    return this.names.walk(topicFilter);
  }

  /** Undoes what belongs to a value besides its place. */
  private release(known: Retained | undefined): void {
    if (known === undefined) return;
    if (known.expiry !== undefined) this.core.wheel.cancel(known.expiry);
    this.bytes -= known.message.payload.length;
  }

  private expire(topicName: string): void {
    if (this.delete(topicName)) {
      this.core.journal.append({ kind: 'retained-removed', topicName });
    }
  }
}
