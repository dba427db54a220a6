import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PacketType, ReasonCode } from '../packet/index.ts';
import {
  type ClientError,
  type ClientObserver,
  type ConnectOptions,
  ConnectRefusedError,
  connect,
  MqttClient,
} from './index.ts';
import { connack, type ScriptedPeer, ScriptedServer } from './scripted-server.test-kit.ts';

const none = undefined;
const acknowledgement = { reasonCode: ReasonCode.success, properties: none };
const quick = { minDelayMs: 1, maxDelayMs: 5 };
const persistent = { sessionExpiryInterval: 100 };

async function connected(
  t: TestContext,
  server: ScriptedServer,
  options: Partial<ConnectOptions> = {},
): Promise<{ client: MqttClient; peer: ScriptedPeer }> {
  const [client, { peer }] = await Promise.all([
    connect({ url: server.url, clientId: 'c', reconnect: quick, ...options }),
    server.welcome(),
  ]);
  t.after(() => client.destroy());
  return { client, peer };
}

test('without the option a lost connection closes the client and fails what is open', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server, { reconnect: none });
  const publishing = client.publish({ topicName: 'a', payload: '', qos: 1 });
  const subscribing = client.subscribe([{ topicFilter: 'a' }]);
  await peer.receive(PacketType.publish);
  peer.drop();
  await assert.rejects(publishing, { code: 'lost' });
  await assert.rejects(subscribing, { code: 'lost' });
  assert.equal((await client.closed)?.code, 'lost');
});

test('in a Session that was kept, what was not acknowledged is sent again with DUP', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server, { properties: persistent });
  const publishings = [
    client.publish({ topicName: 'one', payload: '1', qos: 1 }),
    client.publish({ topicName: 'two', payload: '2', qos: 2 }),
    client.publish({ topicName: 'released', payload: '3', qos: 2 }),
  ];
  await peer.receive(PacketType.publish);
  await peer.receive(PacketType.publish);
  const { packetId } = await peer.receive(PacketType.publish);
  peer.send({ type: PacketType.pubrec, packetId, ...acknowledgement });
  await peer.receive(PacketType.pubrel);
  peer.drop();

  const { peer: second, connect: again } = await server.welcome({ sessionPresent: true });
  assert.equal(again.cleanStart, false, 'the Session is resumed, not started anew');
  const one = await second.receive(PacketType.publish);
  assert.deepEqual([one.topicName, one.dup, one.packetId], ['one', true, 1]);
  const two = await second.receive(PacketType.publish);
  assert.deepEqual([two.topicName, two.dup, two.packetId], ['two', true, 2]);
  assert.equal((await second.receive(PacketType.pubrel)).packetId, 3);

  second.send({ type: PacketType.puback, packetId: 1, ...acknowledgement });
  second.send({ type: PacketType.pubrec, packetId: 2, ...acknowledgement });
  await second.receive(PacketType.pubrel);
  second.send({ type: PacketType.pubcomp, packetId: 2, ...acknowledgement });
  second.send({ type: PacketType.pubcomp, packetId: 3, ...acknowledgement });
  for (const publishing of publishings) assert.equal((await publishing).reasonCode, 0);
  client.destroy();
});

test('in a new Session, what was not acknowledged is published anew and subscriptions are made again', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server);
  const subscribing = client.subscribe([{ topicFilter: 'kept', qos: 1 }, { topicFilter: 'no' }], {
    subscriptionIdentifier: 8,
  });
  const { packetId } = await peer.receive(PacketType.subscribe);
  const reasonCodes = [ReasonCode.grantedQoS1, ReasonCode.notAuthorized];
  peer.send({ type: PacketType.suback, packetId, reasonCodes, properties: none });
  await subscribing;
  const publishing = client.publish({ topicName: 'one', payload: '1', qos: 1 });
  const released = client.publish({ topicName: 'two', payload: '2', qos: 2 });
  await peer.receive(PacketType.publish);
  const two = await peer.receive(PacketType.publish);
  peer.send({ type: PacketType.pubrec, packetId: two.packetId, ...acknowledgement });
  await peer.receive(PacketType.pubrel);
  peer.drop();

  const { peer: second, connect: again } = await server.welcome();
  assert.equal(again.cleanStart, true);
  const subscribe = await second.receive(PacketType.subscribe);
  assert.deepEqual(
    subscribe.subscriptions.map(({ topicFilter, qos }) => [topicFilter, qos]),
    [['kept', 1]],
  );
  assert.equal(subscribe.properties?.subscriptionIdentifier, 8);
  const one = await second.receive(PacketType.publish);
  assert.deepEqual([one.topicName, one.dup], ['one', false]);
  second.send({ type: PacketType.puback, packetId: one.packetId, ...acknowledgement });
  assert.equal((await publishing).reasonCode, 0);
  assert.equal((await released).reasonCode, 0, 'the server owned it since its PUBREC');
  client.destroy();
});

test('requests made while the connection is away wait for the next one, QoS 0 does not', async (t) => {
  await using server = await ScriptedServer.start();
  const lost = Promise.withResolvers<ClientError>();
  const observer: ClientObserver = { connectionLost: (error) => lost.resolve(error) };
  const { client, peer } = await connected(t, server, { observer });
  peer.drop();
  assert.equal((await lost.promise).code, 'lost');
  await assert.rejects(client.publish({ topicName: 'a', payload: '' }), { code: 'not-connected' });
  const publishing = client.publish({ topicName: 'later', payload: '', qos: 1 });
  const subscribing = client.subscribe([{ topicFilter: 'later' }]);

  const { peer: second } = await server.welcome();
  const subscribe = await second.receive(PacketType.subscribe);
  const publish = await second.receive(PacketType.publish);
  assert.equal(publish.topicName, 'later');
  const { packetId } = subscribe;
  second.send({ type: PacketType.suback, packetId, reasonCodes: [0], properties: none });
  second.send({ type: PacketType.puback, packetId: publish.packetId, ...acknowledgement });
  await subscribing;
  await publishing;
  client.destroy();
});

test('a subscription that is no longer granted after a reconnect is reported', async (t) => {
  await using server = await ScriptedServer.start();
  const refused = Promise.withResolvers<string>();
  const { client, peer } = await connected(t, server, {
    observer: {
      subscriptionRefused: (topicFilter, code) => refused.resolve(`${topicFilter} ${code}`),
    },
  });
  const subscribing = client.subscribe([{ topicFilter: 'a' }]);
  const first = await peer.receive(PacketType.subscribe);
  const answer = { type: PacketType.suback, properties: none } as const;
  peer.send({ ...answer, packetId: first.packetId, reasonCodes: [0] });
  await subscribing;
  peer.drop();
  const { peer: second } = await server.welcome();
  const again = await second.receive(PacketType.subscribe);
  second.send({ ...answer, packetId: again.packetId, reasonCodes: [ReasonCode.notAuthorized] });
  assert.equal(await refused.promise, 'a 135');
  client.destroy();
});

test('attempts go on through refusals until the server accepts', async () => {
  await using server = await ScriptedServer.start();
  const errors: string[] = [];
  const client = new MqttClient({
    url: server.url,
    reconnect: { ...quick, fromStart: true },
    observer: { connectionLost: ({ code }) => errors.push(code) },
  });
  const starting = client.start();
  (await server.accept()).drop();
  await server.welcome(connack(ReasonCode.serverBusy));
  await server.welcome();
  await starting;
  assert.deepEqual(errors, [errors[0], 'refused']);
  client.destroy();
});

test('giveUpOn ends the attempts', async (t) => {
  await using server = await ScriptedServer.start();
  const { client, peer } = await connected(t, server, {
    reconnect: { ...quick, giveUpOn: (error) => error instanceof ConnectRefusedError },
  });
  peer.drop();
  await server.welcome(connack(ReasonCode.banned));
  assert.ok((await client.closed) instanceof ConnectRefusedError);
});

test('disconnect between two attempts closes the client', async (t) => {
  await using server = await ScriptedServer.start();
  const lost = Promise.withResolvers<void>();
  const { client, peer } = await connected(t, server, {
    reconnect: { minDelayMs: 60_000 },
    observer: { connectionLost: () => lost.resolve() },
  });
  const publishing = client.publish({ topicName: 'a', payload: '', qos: 1 });
  await peer.receive(PacketType.publish);
  peer.drop();
  await lost.promise;
  await Promise.all([client.disconnect(), assert.rejects(publishing, { code: 'closed' })]);
  assert.equal(await client.closed, none);
});

test('a QoS 2 message received before and after a reconnect is handed out once', async (t) => {
  await using server = await ScriptedServer.start();
  const received: string[] = [];
  const { client, peer } = await connected(t, server, {
    properties: persistent,
    onMessage: ({ topicName }) => received.push(topicName),
  });
  const message = {
    type: PacketType.publish,
    topicName: 'once',
    payload: new Uint8Array(0),
    qos: 2,
    retain: false,
    dup: false,
    packetId: 9,
    properties: none,
  } as const;
  peer.send(message);
  await peer.receive(PacketType.pubrec);
  peer.drop();
  const { peer: second } = await server.welcome({ sessionPresent: true });
  second.send({ ...message, dup: true });
  await second.receive(PacketType.pubrec);
  second.send({ type: PacketType.pubrel, packetId: 9, ...acknowledgement });
  assert.equal((await second.receive(PacketType.pubcomp)).reasonCode, ReasonCode.success);
  assert.deepEqual(received, ['once']);
  client.destroy();
});
