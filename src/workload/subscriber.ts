/**
 * Subscribes as one client and counts what comes, by publisher and sequence number. Hot file: `arrive`.
 */
import {
  PacketType,
  type PublishPacket,
  type QoS,
  RetainHandling,
  type SubscribePacket,
} from '../packet/index.ts';
import type { LoadRole } from './load-connection.ts';
import { SequenceTracker } from './sequence-tracker.ts';
import { fillerByte, StampReader, stampBytes } from './stamp.ts';

export interface SubscriberOptions {
  readonly topicFilter: string;
  readonly qos: QoS;
  /** What the publishers of this run send, or undefined when others publish. */
  readonly expected: { readonly ids: readonly number[]; readonly sizeBytes: number } | undefined;
  /** Told of each message with a time of this machine: when it was sent and when it came. */
  readonly arrived: (ageMs: number, nowMs: number) => void;
  /** Called after each bunch of messages. */
  readonly advanced: () => void;
}

export class Subscriber implements LoadRole {
  readonly subscribe: SubscribePacket;
  /** Messages with a stamp of a publisher that is expected here, duplicates included. */
  received = 0;
  /** Their payloads, and those of `foreign` messages. */
  receivedBytes = 0;
  /** Not what was sent: wrong length, no stamp, damaged. */
  corrupt = 0;
  /** Of a publisher whose messages do not belong here. */
  misrouted = 0;
  /** Where others publish: messages without a stamp. */
  foreign = 0;
  /** Where others publish: messages whose time was made by another machine's clock. */
  ofOtherMachines = 0;
  readonly #options: SubscriberOptions;
  readonly #stamp = new StampReader();
  readonly #trackers = new Map<number, SequenceTracker>();
  /** The one used last. */
  #publisher = -1;
  #tracker: SequenceTracker | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    for (const id of options.expected?.ids ?? []) this.#trackers.set(id, new SequenceTracker());
    this.subscribe = {
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [
        {
          topicFilter: options.topicFilter,
          qos: options.qos,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: RetainHandling.doNotSend,
        },
      ],
      properties: undefined,
    };
  }

  /** By the id in the stamps. */
  get trackers(): ReadonlyMap<number, SequenceTracker> {
    return this.#trackers;
  }

  accepted(): void {
    // Nothing in a CONNACK matters to a subscriber.
  }

  acknowledgement(): void {
    // It publishes nothing.
  }

  chunkEnded(): void {
    this.#options.advanced();
  }

  write(): boolean {
    return false;
  }

  arrive(packet: PublishPacket, nowMs: number): void {
    const { payload } = packet;
    const { expected, arrived } = this.#options;
    const stamp = this.#stamp;
    if (!stamp.read(payload) || !isIntact(payload, expected?.sizeBytes)) {
      if (expected === undefined) this.#foreign(payload);
      else this.corrupt++;
      return;
    }
    const tracker =
      stamp.publisher === this.#publisher ? this.#tracker : this.#find(stamp.publisher);
    if (tracker === undefined) {
      this.misrouted++;
      return;
    }
    this.received++;
    this.receivedBytes += payload.length;
    tracker.accept(stamp.sequence);
    if (stamp.isOfThisMachine) arrived(stamp.ageMs(nowMs), nowMs);
    else this.ofOtherMachines++;
  }

  #foreign(payload: Uint8Array): void {
    this.foreign++;
    this.receivedBytes += payload.length;
  }

  #find(publisher: number): SequenceTracker | undefined {
    let tracker = this.#trackers.get(publisher);
    if (tracker === undefined && this.#options.expected === undefined) {
      tracker = new SequenceTracker(true);
      this.#trackers.set(publisher, tracker);
    }
    this.#publisher = publisher;
    this.#tracker = tracker;
    return tracker;
  }
}

function isIntact(payload: Uint8Array, sizeBytes: number | undefined): boolean {
  if (sizeBytes !== undefined && payload.length !== sizeBytes) return false;
  return payload.length === stampBytes || payload[payload.length - 1] === fillerByte;
}
