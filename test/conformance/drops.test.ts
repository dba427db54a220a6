/** Every way in which a message goes no further: its cause, receiver, publisher, topic and rule. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  BrokerPlugin,
  BrokerSettings,
  DropCause,
  ListenerPolicy,
  MessageDropped,
  Verdict,
} from '../../src/broker/index.ts';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, lasting } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

interface Scene {
  readonly broker: TestBroker;
  /** Client `p`. */
  readonly publisher: TestClient;
  /** Client `s`, with a lasting Session and a subscription of `t`. */
  readonly subscriber: TestClient;
}

interface Scenario {
  readonly limits?: Partial<BrokerSettings['limits']>;
  readonly policy?: Partial<ListenerPolicy>;
  readonly plugin?: Omit<BrokerPlugin, 'name'>;
  readonly act: (scene: Scene) => void;
  readonly expected: Partial<MessageDropped>;
}

const refused = (reasonCode: ReasonCode): Verdict => ({ allow: false, reasonCode, rule: 'acl:14' });
const toSubscriber = { clientId: 's', publisherId: 'p', topicName: 't', qos: 1 } as const;
const stopped = { clientId: undefined, publisherId: 'p', topicName: 't', qos: 1 } as const;

/** At least one for each cause; the type sees to that. */
const scenarios: Readonly<Record<DropCause, readonly Scenario[]>> = {
  'not-authorized': [
    {
      plugin: { authorizePublish: () => refused(ReasonCode.notAuthorized) },
      act: ({ publisher }) => {
        publisher.publish('t', 'abc', { qos: 1 });
        assert.equal(publisher.take(PacketType.puback).reasonCode, ReasonCode.notAuthorized);
      },
      expected: {
        ...stopped,
        rule: 'acl:14',
        payloadBytes: 3,
        reasonCode: ReasonCode.notAuthorized,
      },
    },
    {
      act: ({ publisher }) => publisher.publish('$SYS/x', '', { qos: 1 }),
      expected: { ...stopped, topicName: '$SYS/x', rule: '$SYS is written by the broker only' },
    },
  ],
  'read-not-authorized': [
    {
      plugin: {
        authorizeDelivery: ({ clientId }) =>
          clientId === 's' ? refused(ReasonCode.notAuthorized) : { allow: true },
      },
      act: ({ publisher, subscriber }) => {
        publisher.publish('t', 'abc', { qos: 1 });
        assert.deepEqual(subscriber.takePublishes(), []);
      },
      expected: { ...toSubscriber, rule: 'acl:14', reasonCode: ReasonCode.notAuthorized },
    },
  ],
  'topic-invalid': [
    {
      limits: { topicLevelsMax: 3 },
      act: ({ publisher }) => {
        publisher.publish('a/b/c/d', '', { qos: 1 });
        assert.equal(publisher.take(PacketType.puback).reasonCode, ReasonCode.topicNameInvalid);
      },
      expected: { ...stopped, topicName: 'a/b/c/d', rule: 'topic_levels_max 3' },
    },
  ],
  'payload-format': ([0, 1, 2] as const).map((qos) => ({
    policy: { checksPayloadFormat: true },
    act: ({ publisher, subscriber }: Scene) => {
      const properties = { payloadFormatIndicator: 1 } as const;
      publisher.publish('t', Uint8Array.of(0xff), { qos, packetId: qos, properties });
      const answers = [undefined, PacketType.puback, PacketType.pubrec] as const;
      const answer = answers[qos];
      if (answer !== undefined) {
        assert.equal(publisher.take(answer).reasonCode, ReasonCode.payloadFormatInvalid);
      }
      publisher.ping();
      publisher.publish('t', 'text', { properties });
      publisher.publish('t', Uint8Array.of(0xff), { properties: { payloadFormatIndicator: 0 } });
      assert.equal(subscriber.takePublishes().length, 2);
    },
    expected: { ...stopped, qos, rule: 'payload_format_check', payloadBytes: 1 },
  })),
  quota: [
    {
      limits: { retainedMessagesMax: 1 },
      act: ({ publisher }) => {
        publisher.publish('u', '', { qos: 1, retain: true });
        publisher.publish('u', 'x', { qos: 1, retain: true });
        publisher.publish('u', 'y', { qos: 1, retain: true });
        publisher.inbox.length = 0;
        publisher.publish('t', 'x', { qos: 1, retain: true });
        assert.equal(publisher.take(PacketType.puback).reasonCode, ReasonCode.quotaExceeded);
      },
      expected: { ...stopped, rule: 'retained_messages_max 1' },
    },
    {
      limits: { retainedBytesMax: 10 },
      act: ({ publisher }) => {
        publisher.publish('t', new Uint8Array(10), { qos: 1, retain: true });
        publisher.publish('t', new Uint8Array(9), { qos: 1, retain: true });
        publisher.publish('t', new Uint8Array(11), { qos: 1, retain: true });
      },
      expected: { ...stopped, payloadBytes: 11, rule: 'retained_bytes_max 10' },
    },
    {
      limits: { memoryBytesMax: 100 },
      act: ({ publisher, subscriber }) => {
        subscriber.lose();
        publisher.publish('t', new Uint8Array(101), { qos: 1 });
        publisher.inbox.length = 0;
        publisher.publish('t', 'x', { qos: 1 });
        assert.equal(publisher.take(PacketType.puback).reasonCode, ReasonCode.quotaExceeded);
      },
      expected: { ...stopped, rule: 'memory_bytes_max 100' },
    },
  ],
  'refused-by-hook': [
    {
      plugin: { transformPublish: () => false },
      act: ({ publisher }) => publisher.publish('t', 'x', { qos: 1 }),
      expected: { ...stopped, rule: 'transformPublish' },
    },
  ],
  'queue-full': [
    {
      limits: { queuedMessagesMax: 1 },
      act: ({ publisher, subscriber }) => {
        subscriber.lose();
        publisher.publish('t', 'abc', { qos: 1 });
        publisher.publish('t', 'x', { qos: 1 });
      },
      expected: {
        ...toSubscriber,
        payloadBytes: 3,
        rule: 'max_queued 1 (drop-oldest)',
        reasonCode: ReasonCode.quotaExceeded,
      },
    },
  ],
  'offline-qos0': [
    {
      act: ({ publisher, subscriber }) => {
        subscriber.lose();
        publisher.publish('t', 'x');
      },
      expected: { ...toSubscriber, qos: 0, rule: 'queue_qos0_offline false' },
    },
  ],
  'slow-consumer': [
    {
      limits: { outboundBytesMax: 100 },
      act: ({ publisher, subscriber }) => {
        subscriber.stick();
        publisher.publish('t', new Uint8Array(200));
        publisher.publish('t', 'x');
      },
      expected: { ...toSubscriber, qos: 0, payloadBytes: 1, rule: 'outbound_bytes_max' },
    },
  ],
  'packet-too-large': [
    {
      act: ({ broker, publisher }) => {
        const fields = lasting(5, 's');
        const properties = { ...fields.properties, maximumPacketSize: 50 };
        connected(broker, { ...fields, properties });
        publisher.publish('t', new Uint8Array(100), { qos: 1 });
      },
      expected: { ...toSubscriber, payloadBytes: 100, rule: "the receiver's Maximum Packet Size" },
    },
  ],
  expired: [
    {
      act: ({ broker, publisher, subscriber }) => {
        subscriber.lose();
        publisher.publish('t', 'x', { qos: 1, properties: { messageExpiryInterval: 5 } });
        broker.advance(6000);
        connected(broker, lasting(5, 's'));
      },
      expected: { ...toSubscriber, rule: 'Message Expiry Interval' },
    },
  ],
  'session-ended': [
    {
      act: ({ broker, publisher, subscriber }) => {
        publisher.publish('t', 'x', { qos: 1 });
        subscriber.lose();
        connected(broker, { clientId: 's' });
      },
      expected: { ...toSubscriber, rule: 'session ended before acknowledgement' },
    },
    {
      act: ({ broker, publisher, subscriber }) => {
        subscriber.lose();
        publisher.publish('t', 'x', { qos: 1 });
        broker.advance(1_000_300);
      },
      expected: { ...toSubscriber, rule: 'session ended while the message waited' },
    },
  ],
  'refused-by-receiver': [
    {
      act: ({ publisher, subscriber }) => {
        publisher.publish('t', 'x', { qos: 1 });
        const [packet] = subscriber.takePublishes();
        const packetId = packet?.packetId ?? 0;
        subscriber.acknowledge(PacketType.puback, packetId, ReasonCode.notAuthorized);
      },
      expected: { ...toSubscriber, rule: 'reason code 0x87' },
    },
  ],
  'no-shared-member': [
    {
      act: ({ broker, publisher }) => {
        const member = connected(broker, lasting(5, 'm'));
        member.subscribe('$share/g/u');
        member.lose();
        publisher.publish('u', 'x', { qos: 1 });
        connected(broker, { clientId: 'm' });
      },
      expected: { ...stopped, topicName: 'u', rule: '$share/g/u has no member left' },
    },
  ],
  'rate-limited': [
    {
      plugin: { authorizePublish: () => refused(ReasonCode.messageRateTooHigh) },
      act: ({ publisher }) => {
        publisher.publish('t', 'x', { qos: 1 });
        // PUBACK has no 0x96.
        assert.equal(publisher.take(PacketType.puback).reasonCode, ReasonCode.quotaExceeded);
      },
      expected: { ...stopped, rule: 'acl:14' },
    },
    {
      plugin: {
        authorizePublish: () => ({ ...refused(ReasonCode.messageRateTooHigh), disconnect: true }),
      },
      act: ({ publisher }) => {
        publisher.publish('t', 'x', { qos: 1 });
        const { reasonCode } = publisher.take(PacketType.disconnect);
        assert.equal(reasonCode, ReasonCode.messageRateTooHigh);
      },
      expected: { ...stopped, rule: 'acl:14' },
    },
  ],
};

describe('a drop is told with all that is known of it', () => {
  for (const [cause, list] of Object.entries(scenarios)) {
    list.forEach(({ limits = {}, policy = {}, plugin, act, expected }, i) => {
      test(`${cause}${list.length > 1 ? `, ${i + 1}` : ''}: ${expected.rule}`, () => {
        const facts = new FactRecorder();
        const plugins = plugin === undefined ? [facts] : [facts, { name: 'hook', ...plugin }];
        const settings = { limits, serverKeepAlive: 0 };
        const broker = new TestBroker({ settings, policy, plugins });
        const publisher = connected(broker, { clientId: 'p' });
        const subscriber = connected(broker, lasting(5, 's'));
        subscriber.subscribe('t');
        act({ broker, publisher, subscriber });
        assert.equal(facts.drops.length, 1);
        const [drop] = facts.drops;
        assert.deepEqual({ ...drop, ...expected, cause }, drop);
        assert.equal(broker.broker.counters.publishDropped, 1);
        assert.deepEqual(broker.broker.counters.droppedByCause, { [cause]: 1 });
        assert.deepEqual(broker.internalErrors, []);
      });
    });
  }
});
