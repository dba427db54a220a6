import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { createBroker, createServer, LocalClientError, MQTTBroker } from '../../src/index.ts';

test('createBroker listens on nothing unless told to, and works without', async () => {
  await using broker = await createBroker();
  assert.deepEqual(broker.urls, []);
  const seen: string[] = [];
  const subscription = await broker.subscribe('a/+', (message, { retained }) => {
    seen.push(`${message.topicName} ${Buffer.from(message.payload)} ${retained}`);
  });
  assert.equal(await broker.publish('a/b', 'one'), 1);
  assert.equal(await broker.publish('b', 'nobody'), 0);
  subscription.unsubscribe();
  assert.equal(await broker.publish('a/b', 'two'), 0);
  assert.deepEqual(seen, ['a/b one false']);
});

test('createBroker opens the listeners that are named, and clients reach it there', async () => {
  await using broker = await createBroker({ mqtt: { host: '127.0.0.1', port: 0 } });
  assert.equal(broker.server.listeners.length, 1);
  const { port } = broker.server.listeners[0]?.address ?? {};
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  try {
    await client.subscribeAsync('x');
    const arrived = new Promise((resolve) => {
      client.once('message', (topic, payload) => resolve(`${topic} ${payload}`));
    });
    assert.equal(await broker.publish('x', 'from inside', { qos: 1 }), 1);
    assert.equal(await arrived, 'x from inside');
    assert.equal(broker.getStatistics().session.connected_clients, 1);
  } finally {
    await client.endAsync();
  }
});

test('a handler that publishes is not called inside the publish that it answers', async () => {
  await using broker = await createBroker();
  const order: string[] = [];
  await broker.subscribe('ping', async () => {
    order.push('ping begins');
    const done = broker.publish('pong', '');
    order.push('ping ends');
    await done;
  });
  await broker.subscribe('pong', () => {
    order.push('pong');
  });
  await broker.publish('ping', '');
  assert.deepEqual(order, ['ping begins', 'ping ends', 'pong']);
});

test('a plugin decides for in-process clients as for all others', async () => {
  const plugin = {
    name: 'no-secrets',
    authorizePublish: ({ topicName }: { topicName: string }) =>
      topicName.startsWith('secret/')
        ? ({ allow: false, reasonCode: 0x87, rule: 'no-secrets' } as const)
        : ({ allow: true } as const),
  };
  await using broker = await createBroker({}, { plugins: [plugin] });
  assert.equal(await broker.publish('open', ''), 0);
  await assert.rejects(broker.publish('secret/x', ''), LocalClientError);
  assert.equal(broker.getStatistics().messages.dropped_by_cause['not-authorized'], 1);
});

test('an unknown key is an error that names it', async () => {
  await assert.rejects(createBroker({ mqtt: { prot: 1884 } } as never), /prot/);
});

test('createServer and MQTTBroker start, stop and start again', async () => {
  const config = {
    mqtt: { host: '127.0.0.1', port: 0 },
    websocket: { enabled: false },
    ephemeral: true,
    log: { level: 'error' },
  } as const;
  const server = createServer(config);
  await server.start();
  assert.equal(server.getStatistics().broker.running, true);
  await server.stop();
  assert.equal(server.getStatistics().broker.running, false);
  await using broker = new MQTTBroker(config);
  await broker.start();
  await broker.start();
  assert.equal(broker.getStatistics().broker.mqtt_server_active, true);
  await broker.stop();
  await broker.start();
  assert.equal(broker.getStatistics().session.total_clients, 0);
});
