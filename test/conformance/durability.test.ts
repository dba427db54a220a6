/** Acknowledgements wait until the store has what they promise, and keep their order (4.3, 4.6). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op, SessionRecord } from '../../src/broker/index.ts';
import { MqttVersion, PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, lasting } from './each-version.ts';
import { HeldStore } from './held-store.ts';

interface Scene {
  readonly store: HeldStore;
  readonly broker: TestBroker;
  readonly client: TestClient;
  /** Everything so far is durable, and the broker knows. */
  release(count?: number): void;
}

/** A client with a lasting Session that subscribed to `t` for good. */
function start(version: MqttVersion): Scene {
  const store = new HeldStore();
  const broker = new TestBroker({ store });
  const release = (count?: number): void => {
    store.release(count);
    broker.run();
  };
  const client = broker.open();
  client.sendConnect(lasting(version, 'c'));
  release();
  client.take(PacketType.connack);
  const options = { qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  client.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ topicFilter: 't', ...options }],
    properties: undefined,
  });
  release();
  client.take(PacketType.suback);
  return { store, broker, client, release };
}

/** The types of what a client was sent, PUBLISH left out. */
function answers(client: TestClient): number[] {
  return client.inbox.map(({ type }) => type).filter((type) => type !== PacketType.publish);
}

describe('an acknowledgement waits until the store has what it promises', () => {
  forEachVersion('CONNACK of a Session that lasts', (version) => {
    const { broker, release } = start(version);
    const client = broker.open();
    client.sendConnect(lasting(version, 'd'));
    assert.equal(client.inbox.length, 0);
    release();
    assert.deepEqual(answers(client), [PacketType.connack]);
  });

  forEachVersion('[MQTT-4.3.2-4] PUBACK', (version) => {
    const { client, release } = start(version);
    client.publish('t', 'x', { qos: 1 });
    assert.deepEqual(answers(client), []);
    assert.deepEqual(client.takeTexts(), ['t x'], 'receivers need not wait');
    release();
    assert.deepEqual(answers(client), [PacketType.puback]);
  });

  forEachVersion('PUBACK of a Retained Message that nobody gets', (version) => {
    const { client, release } = start(version);
    client.publish('r', 'x', { qos: 1, retain: true });
    assert.deepEqual(answers(client), []);
    release();
    assert.deepEqual(answers(client), [PacketType.puback]);
  });

  forEachVersion('[MQTT-4.3.3-8] [MQTT-4.3.3-11] PUBREC and PUBCOMP', (version) => {
    const { client, release } = start(version);
    client.publish('u', 'x', { qos: 2, packetId: 9 });
    assert.deepEqual(answers(client), []);
    release();
    assert.deepEqual(answers(client), [PacketType.pubrec]);
    client.acknowledge(PacketType.pubrel, 9);
    assert.deepEqual(answers(client), [PacketType.pubrec]);
    release();
    assert.deepEqual(answers(client), [PacketType.pubrec, PacketType.pubcomp]);
  });

  forEachVersion('SUBACK and UNSUBACK', (version) => {
    const { client, release } = start(version);
    const options = {
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    const subscriptions = [{ topicFilter: 'v', ...options }];
    client.send({ type: PacketType.subscribe, packetId: 2, subscriptions, properties: undefined });
    assert.deepEqual(answers(client), []);
    release();
    assert.deepEqual(answers(client), [PacketType.suback]);
    const topicFilters = ['v'];
    client.send({ type: PacketType.unsubscribe, packetId: 3, topicFilters, properties: undefined });
    assert.deepEqual(answers(client), [PacketType.suback]);
    release();
    assert.deepEqual(answers(client), [PacketType.suback, PacketType.unsuback]);
  });
});

describe('nothing waits that promises nothing', () => {
  forEachVersion(
    'CONNACK, SUBACK and PUBREC of a Session that ends with its connection',
    (version) => {
      const broker = new TestBroker({ store: new HeldStore() });
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      client.publish('t', 'x', { qos: 1 });
      client.take(PacketType.puback);
      client.publish('t', 'x', { qos: 2, packetId: 9 });
      client.take(PacketType.pubrec);
      client.acknowledge(PacketType.pubrel, 9);
      client.take(PacketType.pubcomp);
      client.unsubscribe('t');
    },
  );

  forEachVersion(
    'PINGRESP, and messages for the client, while acknowledgements wait',
    (version) => {
      const { client } = start(version);
      client.publish('t', '1', { qos: 1 });
      client.ping();
      client.publish('t', '2');
      assert.deepEqual(client.takeTexts(), ['t 1', 't 2']);
      assert.deepEqual(answers(client), []);
    },
  );
});

describe('acknowledgements that wait', () => {
  forEachVersion(
    '[MQTT-4.6.0-2] [MQTT-4.6.0-3] go out in the order of their requests, as far as the store is',
    (version) => {
      const { store, client, release } = start(version);
      const marks: number[] = [];
      for (let packetId = 10; packetId < 15; packetId++) {
        client.publish('t', '', { qos: packetId % 2 === 0 ? 1 : 2, packetId });
        marks.push(1 + store.ops.findLastIndex(({ kind }) => kind !== 'inflight'));
      }
      // Nobody gets this one, and nothing is stored: it could go at once, but not before the others.
      client.publish('nobody', '', { qos: 1, packetId: 15 });
      client.takePublishes();
      assert.deepEqual(client.inbox, []);
      const sent = () =>
        client.inbox.flatMap((packet) => {
          const isAnswer = packet.type !== PacketType.publish && 'packetId' in packet;
          return isAnswer ? [packet.packetId] : [];
        });
      marks.forEach((mark, i) => {
        release(mark - 1);
        assert.equal(sent().length, i);
        release(mark);
        const expected = [10, 11, 12, 13, 14].slice(0, i + 1);
        assert.deepEqual(sent(), i === 4 ? [...expected, 15] : expected);
      });
    },
  );

  forEachVersion(
    'are not sent to a client that is gone, nor to the one that took over',
    (version) => {
      const { broker, client, release } = start(version);
      client.publish('t', 'x', { qos: 1, packetId: 10 });
      client.lose();
      const back = broker.open();
      back.sendConnect(lasting(version, 'c'));
      release();
      assert.deepEqual(answers(client), []);
      assert.deepEqual(answers(back), [PacketType.connack]);
    },
  );

  forEachVersion(
    '[MQTT-4.3.3-10] count for a repetition too: its PUBREC does not come first',
    (version) => {
      const { client, release } = start(version);
      client.publish('u', 'x', { qos: 2, packetId: 9 });
      client.publish('u', 'x', { qos: 2, packetId: 9, dup: true });
      assert.deepEqual(answers(client), []);
      release();
      assert.deepEqual(answers(client), [PacketType.pubrec, PacketType.pubrec]);
    },
  );

  test('hold the Receive Maximum: the client may not send more until they are out', () => {
    const store = new HeldStore();
    const broker = new TestBroker({ store, settings: { limits: { inflightMessagesMax: 2 } } });
    const client = connected(broker, { clientId: 'c' });
    for (let packetId = 1; packetId <= 2; packetId++) {
      client.publish('r', 'x', { qos: 1, retain: true, packetId });
    }
    store.release();
    broker.run();
    for (let packetId = 1; packetId <= 2; packetId++) {
      client.publish('r', 'x', { qos: 1, retain: true, packetId });
    }
    assert.equal(client.state, 'open');
    client.publish('r', 'x', { qos: 1, retain: true, packetId: 3 });
    const { reasonCode } = client.take(PacketType.disconnect);
    assert.equal(reasonCode, ReasonCode.receiveMaximumExceeded);
  });
});

/** What a store would hold after these operations. */
function held(ops: readonly Op[]) {
  const sessions = new Map<number, SessionRecord>();
  const parts = new Set<string>();
  const forget = (session: number): void => {
    for (const part of parts) if (part.startsWith(`${session} `)) parts.delete(part);
  };
  for (const op of ops) {
    if (op.kind === 'session') {
      if (op.record === undefined) {
        sessions.delete(op.session);
        forget(op.session);
      } else sessions.set(op.session, op.record);
    } else if (op.kind === 'subscription') {
      const part = `${op.session} subscription ${op.key}`;
      if (op.subscription === undefined) parts.delete(part);
      else parts.add(part);
    } else if (op.kind === 'unreleased') {
      const part = `${op.session} unreleased ${op.packetId}`;
      if (op.held) parts.add(part);
      else parts.delete(part);
    } else if (op.kind === 'message') {
      for (const { session } of op.to) parts.add(`${session} message ${op.message.lsn}`);
    } else if (op.kind === 'settled') {
      parts.delete(`${op.session} message ${op.message}`);
    }
  }
  return { clientIds: [...sessions.values()].map(({ clientId }) => clientId), parts: [...parts] };
}

describe('what the store is told', () => {
  const ways: Readonly<Record<string, (scene: Scene) => void>> = {
    'Clean Start': ({ client, broker }) => {
      const { version } = client;
      connected(broker, { clientId: 'c', protocolVersion: version }).disconnect();
    },
    'Clean Start after it was away': ({ client, broker }) => {
      const { version } = client;
      client.lose();
      connected(broker, { clientId: 'c', protocolVersion: version }).disconnect();
    },
  };
  const waysOf5: typeof ways = {
    ...ways,
    expiry: ({ client, broker }) => {
      client.lose();
      broker.advance(1_000_300);
    },
    'a DISCONNECT that sets the interval to 0': ({ client }) => {
      const properties = { sessionExpiryInterval: 0 };
      client.send({ type: PacketType.disconnect, reasonCode: 0, properties });
    },
    'a CONNECT that continues it with an interval of 0': ({ client, broker, release }) => {
      client.lose();
      const last = broker.open();
      last.sendConnect({ clientId: 'c', cleanStart: false });
      release();
      assert.equal(last.take(PacketType.connack).sessionPresent, true);
      last.disconnect();
    },
  };

  forEachVersion('leaves nothing of a Session that ended, however it ended', (version) => {
    for (const [how, end] of Object.entries(version === MqttVersion.v5 ? waysOf5 : ways)) {
      const scene = start(version);
      const { store, broker, client, release } = scene;
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      for (let i = 0; i < 40; i++) publisher.publish('t', `${i}`, { qos: 2, packetId: i + 1 });
      release();
      const [first] = client.takePublishes();
      client.acknowledge(PacketType.pubrec, first?.packetId ?? 0);
      client.publish('u', '', { qos: 2, packetId: 9 });
      release();
      const { clientIds, parts } = held(store.ops);
      assert.deepEqual(clientIds, ['c']);
      assert.ok(parts.length > 20);
      end(scene);
      assert.deepEqual(held(store.ops), { clientIds: [], parts: [] }, how);
    }
  });

  forEachVersion('settles every message it was told of, whatever became of it', (version) => {
    const store = new HeldStore();
    const broker = new TestBroker({
      store,
      settings: { limits: { queuedMessagesMax: 5, inflightMessagesMax: 2 } },
    });
    const fields = lasting(version, 'c');
    const properties =
      version === MqttVersion.v5 ? { ...fields.properties, maximumPacketSize: 100 } : undefined;
    const client = broker.open();
    client.sendConnect({ ...fields, properties });
    store.release();
    broker.run();
    client.take(PacketType.connack);
    const options = { qos: 2, retainAsPublished: false, retainHandling: 0 } as const;
    const subscriptions = [{ topicFilter: 't', noLocal: version === MqttVersion.v5, ...options }];
    client.send({ type: PacketType.subscribe, packetId: 1, subscriptions, properties: undefined });
    const publisher = connected(broker, { clientId: 'p' });
    for (let i = 0; i < 20; i++) {
      const expiry = i === 12 ? { properties: { messageExpiryInterval: 1 } } : {};
      publisher.publish('t', `${i}`, { qos: 1, packetId: 1, ...expiry });
    }
    publisher.publish('t', new Uint8Array(200), { qos: 1, packetId: 1 });
    client.publish('t', 'own', { qos: 1, packetId: 1 });
    broker.advance(2000);
    store.release();
    broker.run();
    for (;;) {
      const publishes = client.takePublishes();
      if (publishes.length === 0) break;
      for (const { packetId } of publishes) client.acknowledge(PacketType.puback, packetId);
    }
    const left = held(store.ops).parts.filter((part) => part.includes(' message '));
    assert.deepEqual(left, []);
  });
});
