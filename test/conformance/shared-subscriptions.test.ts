/** Shared Subscriptions (4.8.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SharedStrategy } from '../../src/broker/index.ts';
import {
  type ConnectPacket,
  type MqttVersion,
  PacketType,
  QoS,
  ReasonCode,
} from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, lasting, takeAndAcknowledge } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

interface Group {
  readonly broker: TestBroker;
  readonly facts: FactRecorder;
  readonly publisher: TestClient;
  readonly members: readonly TestClient[];
}

/** `count` members of `$share/g/t`, named m0, m1, …, with lasting Sessions. */
function group(
  count: number,
  version: MqttVersion = 5,
  strategy: SharedStrategy = 'round-robin',
  properties: ConnectPacket['properties'] = undefined,
): Group {
  const facts = new FactRecorder();
  const broker = new TestBroker({ plugins: [facts], settings: { sharedStrategy: strategy } });
  const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
  const members = Array.from({ length: count }, (_, i) => {
    const fields = lasting(version, `m${i}`);
    const all = { ...fields.properties, ...properties };
    const client = connected(broker, version === 5 ? { ...fields, properties: all } : fields);
    assert.ok((client.subscribe('$share/g/t').reasonCodes[0] ?? 0x80) < 0x80);
    return client;
  });
  return { broker, facts, publisher, members };
}

function publish({ publisher }: Group, count: number, qos: QoS = QoS.atLeastOnce): void {
  for (let i = 0; i < count; i++) {
    publisher.publish('t', `${i}`, { qos, packetId: qos === 0 ? 0 : 1 });
    if (qos === 2) publisher.acknowledge(PacketType.pubrel, 1);
  }
  publisher.inbox.length = 0;
}

const payloads = (count: number) => Array.from({ length: count }, (_, i) => `t ${i}`);

describe('a Shared Subscription', () => {
  forEachVersion('gives each message to one member, in 3.x too', (version) => {
    for (const qos of [0, 1, 2] as const) {
      const scene = group(3, version);
      publish(scene, 30, qos);
      const all = scene.members.map((member) => takeAndAcknowledge(member));
      assert.deepEqual(all.flat().sort(), payloads(30).sort());
      assert.deepEqual(
        all.map((texts) => texts.length),
        [10, 10, 10],
      );
    }
  });

  forEachVersion(
    '[MQTT-4.8.2-1] [MQTT-4.8.2-2] needs a name without wildcards and a valid filter',
    (version) => {
      const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
      const expected = version === 5 ? ReasonCode.topicFilterInvalid : ReasonCode.unspecifiedError;
      for (const filter of [
        '$share/',
        '$share//t',
        '$share/g',
        '$share/g/',
        '$share/g+/t',
        '$share/#/t',
        '$share/g/a/#/b',
        '$share',
      ]) {
        assert.deepEqual(client.subscribe(filter).reasonCodes, [expected], filter);
      }
      for (const filter of ['$share/g//', '$share/g/#', '$share/g/$SYS/#', '$shared/t']) {
        assert.deepEqual(client.subscribe(filter).reasonCodes, [2], filter);
      }
    },
  );

  test('of another name, or of another filter under the same name, is another one', () => {
    const { broker, publisher, members } = group(2);
    const other = connected(broker, { clientId: 'other' });
    other.subscribe(['$share/h/t', '$share/g/+']);
    publisher.publish('t', 'x', { qos: 1 });
    assert.equal(members.flatMap((member) => member.takePublishes()).length, 1);
    assert.equal(other.takePublishes().length, 2);
  });

  forEachVersion('brings no Retained Messages', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.publish('t', 'x', { retain: true });
    client.subscribe('$share/g/t');
    client.subscribe('$share/g/t');
    assert.deepEqual(client.takePublishes(), []);
  });

  test("comes in addition to a subscription of the client's own, with its own identifier only", () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    client.subscribe('t', { subscriptionIdentifier: 1 });
    client.subscribe('#', { subscriptionIdentifier: 2 });
    client.subscribe('$share/g/t', { subscriptionIdentifier: 3 });
    client.publish('t', 'x', { qos: 1 });
    const identifiers = client
      .takePublishes()
      .map((p) => [...(p.properties?.subscriptionIdentifiers ?? [])].sort());
    assert.deepEqual(identifiers, [[1, 2], [3]]);
  });

  forEachVersion('[MQTT-4.8.2-3] gives each member the QoS granted to it', (version) => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
    const members = ([0, 1, 2] as const).map((qos) => {
      const client = connected(broker, { clientId: `m${qos}`, protocolVersion: version });
      client.subscribe([{ topicFilter: '$share/g/t', qos }]);
      return client;
    });
    for (const qos of [0, 1, 2] as const) {
      for (let i = 0; i < 3; i++) publisher.publish('t', 'x', { qos, packetId: qos * 10 + i });
      members.forEach((member, granted) => {
        assert.deepEqual(
          member.takePublishes().map((packet) => packet.qos),
          [Math.min(qos, granted)],
        );
      });
    }
  });

  test('asks connected members before those that are away', () => {
    const scene = group(3);
    scene.members[0]?.lose();
    scene.members[2]?.lose();
    publish(scene, 10);
    assert.equal(takeAndAcknowledge(scene.members[1] as TestClient).length, 10);
    assert.equal(scene.broker.broker.gauges().queuedMessages, 0);
  });

  test('asks members that can take a message at once before those that would queue it', () => {
    const scene = group(2, 5, 'round-robin', { receiveMaximum: 1 });
    const large = connected(scene.broker, { clientId: 'large' });
    large.subscribe('$share/g/t');
    publish(scene, 20);
    for (const member of scene.members) assert.equal(member.takePublishes().length, 1);
    assert.equal(large.takePublishes().length, 18);
  });

  test('whose members are all away keeps messages for one of them', () => {
    const scene = group(2);
    for (const member of scene.members) member.lose();
    publish(scene, 10);
    const back = [0, 1].map((i) => connected(scene.broker, lasting(5, `m${i}`)));
    assert.deepEqual(back.flatMap(takeAndAcknowledge).sort(), payloads(10));
  });
});

describe('when a member leaves', () => {
  const ways: Readonly<Record<string, (member: TestClient) => void>> = {
    'loses its connection': (member) => member.lose(),
    'sends DISCONNECT': (member) => member.disconnect(),
    'is ended by a Protocol Error': (member) => member.sendBytes(Uint8Array.of(0xc1, 0)),
  };
  for (const [how, leave] of Object.entries(ways)) {
    forEachVersion(
      `and ${how}, what was not sent to it and QoS 1 that it did not acknowledge go to another one`,
      (version) => {
        const scene = group(1, version);
        const [first] = scene.members as [TestClient];
        publish(scene, 50);
        const [one] = first.takePublishes();
        first.acknowledge(PacketType.puback, one?.packetId ?? 0);
        const second = connected(scene.broker, { clientId: 'second', protocolVersion: version });
        second.subscribe('$share/g/t');
        assert.deepEqual(second.takePublishes(), []);
        leave(first);
        const rest = second.inbox.filter(({ type }) => type === PacketType.publish);
        assert.ok(rest.every((packet) => packet.type === PacketType.publish && !packet.dup));
        assert.deepEqual(takeAndAcknowledge(second), payloads(50).slice(1));
        const back = connected(scene.broker, lasting(version, 'm0'));
        assert.deepEqual(back.takePublishes(), []);
        assert.deepEqual(scene.facts.drops, []);
      },
    );
  }

  forEachVersion(
    'by UNSUBSCRIBE, what was not sent to it goes to another one, the rest it finishes',
    (version) => {
      const scene = group(1, version);
      const [first] = scene.members as [TestClient];
      publish(scene, 30);
      const second = connected(scene.broker, { clientId: 'second', protocolVersion: version });
      second.subscribe('$share/g/t');
      first.unsubscribe('$share/g/t');
      assert.deepEqual(takeAndAcknowledge(first), payloads(20));
      assert.deepEqual(takeAndAcknowledge(second), payloads(30).slice(20));
    },
  );

  forEachVersion(
    'because its Session ends, what waited for it away goes to another one',
    (version) => {
      const scene = group(1, version);
      scene.members[0]?.lose();
      publish(scene, 10);
      const second = connected(scene.broker, lasting(version, 'second'));
      second.subscribe('$share/g/t');
      assert.deepEqual(second.takePublishes(), []);
      connected(scene.broker, { clientId: 'm0', protocolVersion: version });
      assert.deepEqual(takeAndAcknowledge(second), payloads(10));
    },
  );

  test('and nobody is left, what nobody can take is dropped and said so', () => {
    const scene = group(1);
    scene.members[0]?.lose();
    publish(scene, 3);
    connected(scene.broker, { clientId: 'm0' });
    assert.deepEqual(
      scene.facts.drops.map((drop) => [drop.cause, drop.topicName, drop.publisherId, drop.rule]),
      [0, 1, 2].map(() => ['no-shared-member', 't', 'p', '$share/g/t has no member left']),
    );
  });

  forEachVersion(
    '[MQTT-4.8.2-4] a QoS 2 message once sent stays with its Session, and is completed when it comes back',
    (version) => {
      const scene = group(2, version);
      publish(scene, 2, QoS.exactlyOnce);
      const [first, second] = scene.members as [TestClient, TestClient];
      const texts = first.takeTexts();
      assert.equal(texts.length, 1);
      takeAndAcknowledge(second);
      first.lose();
      assert.deepEqual(second.takePublishes(), []);
      const back = connected(scene.broker, lasting(version, 'm0'));
      const [again] = back.inbox;
      assert.ok(again?.type === PacketType.publish && again.dup);
      assert.deepEqual(takeAndAcknowledge(back), texts);
    },
  );

  forEachVersion(
    '[MQTT-4.8.2-5] a QoS 2 message once sent goes to no other member when its Session ends',
    (version) => {
      const scene = group(2, version);
      publish(scene, 2, QoS.exactlyOnce);
      const [first, second] = scene.members as [TestClient, TestClient];
      takeAndAcknowledge(second);
      first.lose();
      connected(scene.broker, { clientId: 'm0', protocolVersion: version });
      assert.deepEqual(second.takePublishes(), []);
      assert.deepEqual(
        scene.facts.drops.map((drop) => [drop.cause, drop.clientId, drop.qos]),
        [['session-ended', 'm0', 2]],
      );
    },
  );
});

describe('a message that a member refuses', () => {
  test('[MQTT-4.8.2-6] with a code of 0x80 or above is discarded and goes to no other member', () => {
    for (const [qos, answer] of [
      [1, PacketType.puback],
      [2, PacketType.pubrec],
    ] as const) {
      const scene = group(2);
      publish(scene, 2, qos);
      const [first, second] = scene.members as [TestClient, TestClient];
      takeAndAcknowledge(second);
      const [packet] = first.takePublishes();
      first.acknowledge(answer, packet?.packetId ?? 0, ReasonCode.quotaExceeded);
      first.lose();
      assert.deepEqual(second.takePublishes(), []);
      assert.deepEqual(connected(scene.broker, lasting(5, 'm0')).takePublishes(), []);
      assert.deepEqual(
        scene.facts.drops.map((drop) => [drop.cause, drop.clientId, drop.rule]),
        [['refused-by-receiver', 'm0', 'reason code 0x97']],
      );
    }
  });
});

describe('the strategy', () => {
  /** How many of `count` messages each member gets; acknowledged at once where `acks` says so. */
  function shares(strategy: SharedStrategy, count: number): number[] {
    const scene = group(4, 5, strategy);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      publish(scene, 1);
      scene.members.forEach((member, m) => {
        counts[m] = (counts[m] ?? 0) + takeAndAcknowledge(member).length;
      });
    }
    return counts;
  }

  test('round-robin is fair to the message', () => {
    assert.deepEqual(shares('round-robin', 100), [25, 25, 25, 25]);
  });

  test('random gives everybody a fair share, in no order', () => {
    const counts = shares('random', 1000);
    assert.equal(
      counts.reduce((a, b) => a + b),
      1000,
    );
    assert.ok(
      counts.every((count) => count > 190 && count < 310),
      `${counts}`,
    );
  });

  test('sticky gives all messages of one publisher to one member, and those of many to all', () => {
    assert.deepEqual(shares('sticky', 100).sort(), [0, 0, 0, 100]);
    const scene = group(4, 5, 'sticky');
    for (let i = 0; i < 50; i++) {
      const publisher = connected(scene.broker, { clientId: `publisher-${i}` });
      publisher.publish('t', `${i}`);
      publisher.publish('t', `${i}`);
    }
    for (const member of scene.members) {
      const texts = member.takeTexts();
      assert.ok(texts.length > 4, 'a member got next to nothing');
      texts.forEach((text, i) => {
        assert.equal(text, texts[i - (i % 2)], 'two messages of one publisher went two ways');
      });
    }
  });

  test('least-inflight gives a message to the member with the fewest unacknowledged ones', () => {
    const scene = group(3, 5, 'least-inflight');
    const [slow, ...quick] = scene.members as [TestClient, TestClient, TestClient];
    let got = 0;
    for (let i = 0; i < 90; i++) {
      publish(scene, 1);
      for (const member of quick) got += takeAndAcknowledge(member).length;
    }
    assert.equal(slow.takePublishes().length, 1);
    assert.equal(got, 89);
  });
});
