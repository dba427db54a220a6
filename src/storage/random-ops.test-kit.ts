import type { Op, Receiver } from '../broker/index.ts';
import type { MessageProperties, QoS, Will } from '../packet/index.ts';
import { Message, type Session, Subscription, subscriptionKey } from '../session/index.ts';
import type { SeededChance } from './seeded-chance.test-kit.ts';

const texts = [
  '',
  'a',
  'sensors/room/1/temperature',
  '+/#',
  'Grüße/größer',
  '🐦/linnet',
  'x'.repeat(300),
];

/** Operations of every kind with every field, from a seed. */
export class RandomOps {
  private readonly chance: SeededChance;

  constructor(chance: SeededChance) {
    this.chance = chance;
  }

  next(): Op {
    const { chance } = this;
    const session = this.number();
    const packetId = 1 + chance.below(65_535);
    switch (chance.below(8)) {
      case 0: {
        const to = this.list(() => this.receiver());
        const retain = this.pick(['set', 'remove', 'none'] as const);
        return { kind: 'message', message: this.message(), to, retain };
      }
      case 1:
        return { kind: 'queued', message: this.number(), to: this.receiver() };
      case 2: {
        const message = this.number();
        return { kind: 'settled', session, message, packetId: this.maybe(() => packetId) };
      }
      case 3: {
        const released = chance.oneIn(2);
        return { kind: 'inflight', session, packetId, message: this.number(), released };
      }
      case 4:
        return { kind: 'unreleased', session, packetId, held: chance.oneIn(2) };
      case 5:
        return { kind: 'session', session, record: this.maybe(() => this.record()) };
      case 6: {
        const subscription = this.subscription();
        const key = subscriptionKey(subscription.topicFilter, subscription.shareName);
        return { kind: 'subscription', session, key, subscription: this.maybe(() => subscription) };
      }
      default:
        return { kind: 'retained-removed', topicName: this.text() };
    }
  }

  message(): Message {
    return new Message({
      topicName: this.text(),
      payload: this.bytes(),
      qos: this.qos(),
      retain: this.chance.oneIn(2),
      properties: this.maybe(() => this.properties()),
      publisherId: this.text(),
      publisherName: this.maybe(() => this.text()),
      nowMs: this.chance.below(2 ** 31) * 1000.25,
    });
  }

  private receiver(): Receiver {
    return {
      session: this.number(),
      qos: this.qos(),
      subscriptionIdentifiers: this.maybe(() =>
        this.list(() => 1 + this.chance.below(268_435_455)),
      ),
      retain: this.chance.oneIn(2),
      share: this.maybe(() => this.text()),
    };
  }

  private record(): Extract<Op, { kind: 'session' }>['record'] {
    return {
      clientId: this.text(),
      username: this.maybe(() => this.text()),
      expiryIntervalMs: this.pick([0, 1000, 4_294_967_294_000, Infinity]),
      expiresAtMs: this.pick([Infinity, 1_795_000_000_000.5]),
      will: this.maybe(() => this.will()),
      protocolVersion: this.pick([undefined, 3, 4, 5] as const),
      disconnectedAtMs: this.maybe(() => 1_795_000_000_000.25),
    };
  }

  private will(): Will {
    const properties = this.maybe(() => ({
      ...this.properties(),
      ...(this.chance.oneIn(2) && { willDelayInterval: this.chance.below(2 ** 32) }),
    }));
    const retain = this.chance.oneIn(2);
    return { topicName: this.text(), payload: this.bytes(), qos: this.qos(), retain, properties };
  }

  private subscription(): Subscription {
    return new Subscription({
      session: undefined as unknown as Session, // Is not stored.
      topicFilter: this.text(),
      shareName: this.maybe(() => this.text()),
      qos: this.qos(),
      noLocal: this.chance.oneIn(2),
      retainAsPublished: this.chance.oneIn(2),
      retainHandling: this.pick([0, 1, 2] as const),
      identifier: this.maybe(() => 1 + this.chance.below(268_435_455)),
    });
  }

  private properties(): MessageProperties {
    const { chance } = this;
    return {
      ...(chance.oneIn(2) && { payloadFormatIndicator: this.pick([0, 1] as const) }),
      ...(chance.oneIn(2) && { messageExpiryInterval: chance.below(2 ** 32) }),
      ...(chance.oneIn(2) && { contentType: this.text() }),
      ...(chance.oneIn(2) && { responseTopic: this.text() }),
      ...(chance.oneIn(2) && { correlationData: this.bytes() }),
      ...(chance.oneIn(2) && {
        userProperties: this.list(() => [this.text(), this.text()] as const),
      }),
    };
  }

  private bytes(): Uint8Array {
    const length = this.pick([0, 1, 20, 256, 5000]);
    return Uint8Array.from({ length }, () => this.chance.below(256));
  }

  /** Of any size up to 2^53. */
  private number(): number {
    return Math.floor(2 ** this.chance.below(53)) + this.chance.below(3);
  }

  private qos(): QoS {
    return this.pick([0, 1, 2] as const);
  }

  private text(): string {
    return this.pick(texts);
  }

  private list<T>(make: () => T): T[] {
    return Array.from({ length: this.chance.below(4) }, make);
  }

  private maybe<T>(make: () => T): T | undefined {
    return this.chance.oneIn(2) ? make() : undefined;
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[this.chance.below(choices.length)] as T;
  }
}
