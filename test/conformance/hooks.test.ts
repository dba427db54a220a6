/** Plugins: what their exceptions do, and that order is kept while one takes its time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BrokerObserver, BrokerPlugin } from '../../src/broker/index.ts';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { assertClosed, connected, forEachVersion, forV3, lasting } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

const failure = new Error('the hook is broken');
function fail(): never {
  throw failure;
}

/** Decision hooks that throw for the client `bad`, at once or later, and what makes it ask them. */
const decisions: Readonly<
  Record<string, readonly [Omit<BrokerPlugin, 'name'>, (client: TestClient) => void]>
> = {
  authorizePublish: [
    { authorizePublish: ({ client }) => (client.clientId === 'bad' ? fail() : { allow: true }) },
    (client) => client.publish('t', 'x', { qos: 1 }),
  ],
  'authorizePublish, later': [
    {
      authorizePublish: async ({ client }) =>
        client.clientId === 'bad' ? fail() : { allow: true },
    },
    (client) => client.publish('t', 'x', { qos: 1 }),
  ],
  transformPublish: [
    { transformPublish: ({ client }) => (client.clientId === 'bad' ? fail() : undefined) },
    (client) => client.publish('t', 'x', { qos: 2 }),
  ],
  'transformPublish, later': [
    { transformPublish: async ({ client }) => (client.clientId === 'bad' ? fail() : undefined) },
    (client) => client.publish('t', 'x'),
  ],
  authorizeSubscribe: [
    { authorizeSubscribe: ({ clientId }) => (clientId === 'bad' ? fail() : { allow: true }) },
    (client) => subscribe(client),
  ],
  'authorizeSubscribe, later': [
    { authorizeSubscribe: async ({ clientId }) => (clientId === 'bad' ? fail() : { allow: true }) },
    (client) => subscribe(client),
  ],
};

function subscribe(client: TestClient): void {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = [{ topicFilter: 'u', ...options }];
  client.send({ type: PacketType.subscribe, packetId: 9, subscriptions, properties: undefined });
}

describe('a decision hook that throws', () => {
  for (const [name, [hooks, act]] of Object.entries(decisions)) {
    forEachVersion(
      `[MQTT3-4.8.0-2] ends the connection that asked it with 0x83, and no other (${name})`,
      async (version) => {
        const facts = new FactRecorder();
        const broker = new TestBroker({ plugins: [facts, { name: 'broken', ...hooks }] });
        const good = connected(broker, { clientId: 'good', protocolVersion: version });
        const bad = connected(broker, { clientId: 'bad', protocolVersion: version });
        act(bad);
        await broker.settle();
        assertClosed(bad, ReasonCode.implementationSpecificError);
        assert.deepEqual(bad.inbox, []);
        good.publish('t', 'x', { qos: 1 });
        await broker.settle();
        good.take(PacketType.puback);
        assert.deepEqual(
          facts.disconnects.map((fact) => [fact.clientId, fact.cause]),
          [['bad', 'internal-error']],
        );
        assert.deepEqual(
          facts.errors.map(({ error }) => error),
          [failure],
        );
      },
    );
  }

  for (const [name, authenticate] of [
    ['authenticate', () => fail()],
    ['authenticate, later', async () => fail()],
  ] as const) {
    forEachVersion(`refuses the CONNECT with 0x83, in 3.x with 3 (${name})`, async (version) => {
      const facts = new FactRecorder();
      const broker = new TestBroker({ plugins: [facts, { name: 'broken', authenticate }] });
      const client = broker.open();
      client.sendConnect({ clientId: 'c', protocolVersion: version });
      await broker.settle();
      const { reasonCode } = client.take(PacketType.connack);
      const expected =
        version === 5 ? ReasonCode.implementationSpecificError : ReasonCode.serverUnavailable;
      assert.equal(reasonCode, expected);
      assert.equal(client.state, 'ended');
      assert.equal(facts.refusals[0]?.cause, 'internal-error');
      assert.equal(facts.errors[0]?.error, failure);
    });
  }

  test('for a Will Message or in re-authentication ends that connection too', async () => {
    const broker = new TestBroker({
      plugins: [
        {
          name: 'broken',
          authenticate: () => ({ kind: 'accept', username: undefined }),
          continueAuthentication: () => fail(),
          authorizePublish: ({ isWill }) => (isWill ? fail() : { allow: true }),
        },
      ],
    });
    const client = connected(broker, { clientId: 'c', properties: { authenticationMethod: 'M' } });
    const properties = { authenticationMethod: 'M' };
    client.send({ type: PacketType.auth, reasonCode: ReasonCode.reAuthenticate, properties });
    assertClosed(client, ReasonCode.implementationSpecificError);
    const other = broker.open();
    const will = { topicName: 'w', payload: new Uint8Array(), qos: 0, retain: false } as const;
    other.sendConnect({ clientId: 'o', will: { ...will, properties: undefined } });
    const { reasonCode } = other.take(PacketType.connack);
    assert.equal(reasonCode, ReasonCode.implementationSpecificError);
    assert.deepEqual(broker.internalErrors, [failure, failure]);
  });

  test('over a delivery says no to that one, and disturbs neither publisher nor other receivers', () => {
    const facts = new FactRecorder();
    const broker = new TestBroker({
      plugins: [
        facts,
        {
          name: 'broken',
          authorizeDelivery: ({ clientId }) => (clientId === 'bad' ? fail() : { allow: true }),
        },
      ],
    });
    const bad = connected(broker, { clientId: 'bad' });
    const good = connected(broker, { clientId: 'good' });
    bad.subscribe('t');
    good.subscribe('t');
    const publisher = connected(broker, { clientId: 'p' });
    publisher.publish('t', 'x', { qos: 1 });
    assert.equal(publisher.take(PacketType.puback).reasonCode, ReasonCode.success);
    assert.deepEqual(good.takeTexts(), ['t x']);
    assert.deepEqual(bad.takeTexts(), []);
    bad.ping();
    assert.deepEqual(broker.internalErrors, [failure]);
    assert.deepEqual(
      facts.drops.map((drop) => [drop.cause, drop.clientId, drop.rule]),
      [['read-not-authorized', 'bad', 'broken.authorizeDelivery threw']],
    );
  });
});

describe('a fact hook that throws', () => {
  type FactName = Exclude<keyof BrokerObserver, 'name'>;
  type Told = Exclude<FactName, 'internalError' | 'storeFault'>;
  const facts: Readonly<Record<Told, (broker: TestBroker) => void>> = {
    clientConnected: (broker) => connected(broker, { clientId: 'c' }),
    clientDisconnected: (broker) => connected(broker, { clientId: 'c' }).lose(),
    connectionRefused: (broker) =>
      broker.open().sendConnect({ clientId: '', protocolVersion: 4, cleanStart: false }),
    sessionStarted: (broker) => connected(broker, { clientId: 'c' }),
    sessionEnded: (broker) => connected(broker, { clientId: 'c' }).lose(),
    clientSubscribed: (broker) => connected(broker, { clientId: 'c' }).subscribe('a'),
    clientUnsubscribed: (broker) => {
      const client = connected(broker, { clientId: 'c' });
      client.subscribe('a');
      client.unsubscribe('a');
    },
    subscriptionRefused: (broker) => connected(broker, { clientId: 'c' }).subscribe('a#'),
    messagePublished: (broker) => connected(broker, { clientId: 'c' }).publish('a'),
    messageDelivered: (broker) => {
      const client = connected(broker, { clientId: 'c' });
      client.subscribe('a');
      client.publish('a');
      assert.equal(client.takePublishes().length, 1);
    },
    messageDropped: (broker) => connected(broker, { clientId: 'c' }).publish('$SYS/a'),
    retainedChanged: (broker) =>
      connected(broker, { clientId: 'c' }).publish('a', 'x', { retain: true }),
    willPublished: (broker) => {
      const will = { topicName: 'w', payload: new Uint8Array(), qos: 0, retain: false } as const;
      connected(broker, { clientId: 'c', will: { ...will, properties: undefined } }).lose();
    },
  };

  for (const [name, act] of Object.entries(facts)) {
    test(`is only reported (${name})`, () => {
      const told = new FactRecorder();
      const broker = new TestBroker({ plugins: [{ name: 'broken', [name]: fail }, told] });
      const other = connected(broker, { clientId: 'other' });
      told.errors.length = 0;
      act(broker);
      assert.deepEqual(
        told.errors.map(({ where, error }) => [where, error]),
        [[`observer broken.${name}`, failure]],
      );
      other.ping();
    });
  }
});

describe('while an authenticator takes its time', () => {
  forEachVersion(
    'what comes behind CONNECT waits, is not read on, and is then handled in order',
    async (version) => {
      const open: (() => void)[] = [];
      const broker = new TestBroker({
        plugins: [
          {
            name: 'slow',
            authenticate: () =>
              new Promise((resolve) => {
                open.push(() => resolve({ kind: 'accept', username: undefined }));
              }),
          },
        ],
      });
      const client = broker.open();
      client.sendConnect({ clientId: 'c', protocolVersion: version });
      assert.equal(client.isPaused, true);
      subscribe(client);
      for (let i = 0; i < 10; i++) client.publish('u', `${i}`, { qos: 1, packetId: i + 1 });
      client.send({ type: PacketType.pingreq });
      assert.equal(client.inbox.length, 0);
      open[0]?.();
      await broker.settle();
      assert.equal(client.isPaused, false);
      const [connack, suback] = client.inbox;
      assert.equal(connack?.type, PacketType.connack);
      assert.equal(suback?.type, PacketType.suback);
      assert.equal(client.inbox.at(-1)?.type, PacketType.pingresp);
      assert.deepEqual(
        client.takeTexts(),
        Array.from({ length: 10 }, (_, i) => `u ${i}`),
      );
    },
  );

  forEachVersion('a client that leaves is forgotten', async (version) => {
    let decide = (): void => undefined;
    const broker = new TestBroker({
      plugins: [
        {
          name: 'slow',
          authenticate: () =>
            new Promise((resolve) => {
              decide = () => resolve({ kind: 'accept', username: undefined });
            }),
        },
      ],
    });
    const client = broker.open();
    client.sendConnect(lasting(version, 'c'));
    client.lose();
    decide();
    await broker.settle();
    assert.equal(broker.broker.gauges().sessions, 0);
    assert.equal(broker.broker.gauges().clientsConnected, 0);
  });
});

describe('a PUBLISH that an authorizer refuses', () => {
  const acl: BrokerPlugin = {
    name: 'acl',
    authorizePublish: ({ topicName }) =>
      topicName === 'no'
        ? { allow: false, reasonCode: ReasonCode.notAuthorized, rule: 'acl:1' }
        : { allow: true },
  };

  forV3('[MQTT3-3.3.5-2] is acknowledged as usual, and goes nowhere', (version) => {
    const broker = new TestBroker({ plugins: [acl] });
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.subscribe('#');
    client.publish('no', 'x', { retain: true });
    client.publish('no', 'x', { qos: 1, packetId: 1 });
    assert.equal(client.take(PacketType.puback).packetId, 1);
    client.publish('no', 'x', { qos: 2, packetId: 2 });
    assert.equal(client.take(PacketType.pubrec).packetId, 2);
    client.acknowledge(PacketType.pubrel, 2);
    assert.equal(client.take(PacketType.pubcomp).packetId, 2);
    assert.deepEqual(client.inbox, []);
    assert.equal(broker.broker.gauges().retainedMessages, 0);
  });

  forV3('[MQTT3-3.3.5-2] ends the connection where the broker is told so', (version) => {
    const settings = { refusedPublish3x: 'disconnect' } as const;
    const broker = new TestBroker({ plugins: [acl], settings });
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.publish('yes', 'x', { qos: 1 });
    client.take(PacketType.puback);
    client.publish('no', 'x', { qos: 1 });
    assertClosed(client, ReasonCode.notAuthorized);
  });
});
