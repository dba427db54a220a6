import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishResult } from '../broker/index.ts';
import { PacketType, ReasonCode } from '../packet/index.ts';
import { type ClientObserver, RemoteLocalClient, type RemoteLocalClientOptions } from './index.ts';
import { ScriptedServer } from './scripted-server.test-kit.ts';

const acknowledgement = { reasonCode: ReasonCode.success, properties: undefined };

function remote(
  server: ScriptedServer,
  options: Omit<RemoteLocalClientOptions, 'connect'> = {},
  observer: ClientObserver = {},
): RemoteLocalClient {
  const connect = {
    url: server.url,
    clientId: 'door',
    reconnect: { minDelayMs: 1, maxDelayMs: 5 },
    observer,
  };
  return new RemoteLocalClient({ connect, ...options });
}

test('what is published before the server can be reached arrives in order when it can', async () => {
  await using server = await ScriptedServer.start();
  using door = remote(server);
  const reading = Buffer.from('1');
  assert.deepEqual(door.publish({ topicName: 't', payload: reading }), {
    reasonCode: ReasonCode.success,
    matched: 0,
  });
  reading.fill('9');
  const second = door.publish({ topicName: 't', payload: '2', qos: 1 });
  assert.equal(door.queuedCount, 2);
  const { peer } = await server.welcome();
  const first = await peer.receive(PacketType.publish);
  assert.equal(Buffer.from(first.payload).toString(), '1', 'the buffer was copied');
  const { packetId } = await peer.receive(PacketType.publish);
  const reasonCode = ReasonCode.noMatchingSubscribers;
  peer.send({ type: PacketType.puback, packetId, reasonCode, properties: undefined });
  assert.equal((await second).reasonCode, ReasonCode.noMatchingSubscribers);
  assert.equal(door.isConnected, true);
  assert.equal((await door.publish({ topicName: 't', payload: '3' })).reasonCode, 0);
  assert.equal(Buffer.from((await peer.receive(PacketType.publish)).payload).toString(), '3');
  door.close();
  assert.equal(await door.closed, undefined);
});

test('a full queue drops the oldest message, counts it and says so', async () => {
  await using server = await ScriptedServer.start();
  const dropped: number[] = [];
  using door = remote(server, { queuedMessagesMax: 2, onDropped: (count) => dropped.push(count) });
  const oldest = door.publish({ topicName: 't', payload: '1', qos: 1 });
  void door.publish({ topicName: 't', payload: '2' });
  void door.publish({ topicName: 't', payload: '3' });
  void door.publish({ topicName: 't', payload: '4' });
  assert.deepEqual(dropped, [1, 2]);
  assert.equal(door.droppedCount, 2);
  assert.equal((await oldest).reasonCode, ReasonCode.quotaExceeded);
  const { peer } = await server.welcome();
  assert.equal(Buffer.from((await peer.receive(PacketType.publish)).payload).toString(), '3');
  assert.equal(Buffer.from((await peer.receive(PacketType.publish)).payload).toString(), '4');
  door.close();
});

test('a message on its way when the connection breaks is sent again', async () => {
  await using server = await ScriptedServer.start();
  using door = remote(server);
  const { peer } = await server.welcome();
  const publishing = door.publish({ topicName: 't', payload: 'x', qos: 1 });
  await peer.receive(PacketType.publish);
  peer.drop();
  const { peer: second } = await server.welcome();
  const { packetId } = await second.receive(PacketType.publish);
  second.send({ type: PacketType.puback, packetId, ...acknowledgement });
  assert.equal((await publishing).reasonCode, ReasonCode.success);
  door.close();
});

test('subscriptions deliver to the handlers whose filter matches, until unsubscribed', async () => {
  await using server = await ScriptedServer.start();
  using door = remote(server);
  const { peer } = await server.welcome();
  const heard: string[] = [];
  const subscribing = door.subscribe('cmd/+', ({ topicName, payload }, { retained }) => {
    heard.push(`${topicName} ${Buffer.from(payload)} ${retained}`);
  });
  const { packetId, subscriptions } = await peer.receive(PacketType.subscribe);
  assert.equal(subscriptions[0]?.topicFilter, 'cmd/+');
  peer.send({ type: PacketType.suback, packetId, reasonCodes: [0], properties: undefined });
  const subscription = await subscribing;
  const message = {
    type: PacketType.publish,
    topicName: 'cmd/a',
    payload: Buffer.from('on'),
    qos: 1,
    retain: true,
    dup: false,
    packetId: 1,
    properties: undefined,
  } as const;
  peer.send(message, { ...message, topicName: 'other', packetId: 2 });
  await peer.receive(PacketType.puback);
  await peer.receive(PacketType.puback);
  assert.deepEqual(heard, ['cmd/a on true']);
  subscription.unsubscribe();
  assert.deepEqual((await peer.receive(PacketType.unsubscribe)).topicFilters, ['cmd/+']);
  door.close();
});

test('an invalid or refused subscription is an error', async () => {
  await using server = await ScriptedServer.start();
  const up = Promise.withResolvers<unknown>();
  using door = remote(server, {}, { connected: up.resolve });
  const [{ peer }] = await Promise.all([server.welcome(), up.promise]);
  const handler = (): void => assert.fail('nothing may be delivered');
  await assert.rejects(door.subscribe('a/#/b', handler), { code: 'invalid' });
  const subscribing = door.subscribe('a', handler);
  const { packetId } = await peer.receive(PacketType.subscribe);
  const reasonCodes = [ReasonCode.notAuthorized];
  peer.send({ type: PacketType.suback, packetId, reasonCodes, properties: undefined });
  await assert.rejects(subscribing, /refused the subscription to a/);
  door.close();
});

test('a subscription without a connection is answered at once and its refusal is reported', async () => {
  await using server = await ScriptedServer.start();
  const refused = Promise.withResolvers<Error>();
  using door = remote(server, { onSubscriptionRefused: refused.resolve });
  const subscription = await door.subscribe('a', () => undefined, { qos: 1 });
  assert.equal(subscription.qos, 1);
  const { peer } = await server.welcome();
  const { packetId, subscriptions } = await peer.receive(PacketType.subscribe);
  assert.equal(subscriptions[0]?.qos, 1);
  const reasonCodes = [ReasonCode.notAuthorized];
  peer.send({ type: PacketType.suback, packetId, reasonCodes, properties: undefined });
  assert.match((await refused.promise).message, /refused/);
  door.close();
});

test('a closed client answers what waits, and everything after, as refused', async () => {
  await using server = await ScriptedServer.start();
  using door = remote(server);
  const waiting = door.publish({ topicName: 't', payload: '', qos: 1 });
  door.close();
  const results: PublishResult[] = [
    await waiting,
    await door.publish({ topicName: 't', payload: '' }),
  ];
  for (const { reasonCode } of results) assert.equal(reasonCode, ReasonCode.serverUnavailable);
  assert.equal(await door.closed, undefined);
});
