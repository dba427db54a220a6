/** The Message Expiry Interval (3.3.2.3.3). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketType } from '../../src/packet/index.ts';
import { TestBroker } from '../../src/testing/index.ts';
import { connected, lasting } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

const expiring = (seconds: number) => ({ messageExpiryInterval: seconds });

describe('the Message Expiry Interval', () => {
  test('[MQTT-3.3.2-6] is forwarded as it came where the message did not wait', () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    client.subscribe('t');
    for (const qos of [0, 1, 2] as const) {
      client.publish('t', 'x', { qos, properties: expiring(100) });
      assert.equal(client.takePublishes()[0]?.properties?.messageExpiryInterval, 100);
    }
  });

  test('[MQTT-3.3.2-6] is forwarded less the time the message waited, for the client and for the window', () => {
    const broker = new TestBroker({ settings: { serverKeepAlive: 0 } });
    const publisher = connected(broker, { clientId: 'p' });
    const away = connected(broker, lasting(5, 'away'));
    away.subscribe('t');
    away.lose();
    const busy = connected(broker, { clientId: 'busy', properties: { receiveMaximum: 1 } });
    busy.subscribe('t');
    publisher.publish('t', 'first', { qos: 1 });
    publisher.publish('t', 'x', { qos: 1, properties: expiring(100) });
    broker.advance(30_000);
    const [first] = busy.takePublishes();
    busy.acknowledge(PacketType.puback, first?.packetId ?? 0);
    assert.equal(busy.takePublishes()[0]?.properties?.messageExpiryInterval, 70);
    broker.advance(10_500);
    const [, second] = connected(broker, lasting(5, 'away')).takePublishes();
    // 59.5 s are left: a part of a second counts in favour of the message.
    assert.equal(second?.properties?.messageExpiryInterval, 60);
  });

  test('[MQTT-3.3.2-6] is also less in what is sent again', () => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    const first = connected(broker, lasting(5, 'c'));
    first.subscribe('t');
    publisher.publish('t', 'x', { qos: 1, properties: expiring(100) });
    first.lose();
    broker.advance(40_000);
    const [again] = connected(broker, lasting(5, 'c')).takePublishes();
    assert.deepEqual([again?.dup, again?.properties?.messageExpiryInterval], [true, 60]);
  });

  test('[MQTT-3.3.2-5] once over keeps a message from those it was not sent to', () => {
    const facts = new FactRecorder();
    const broker = new TestBroker({ plugins: [facts], settings: { serverKeepAlive: 0 } });
    const publisher = connected(broker, { clientId: 'p' });
    const here = connected(broker, { clientId: 'here' });
    here.subscribe('t');
    const away = connected(broker, lasting(5, 'away'));
    away.subscribe('t');
    away.lose();
    const busy = connected(broker, { clientId: 'busy', properties: { receiveMaximum: 1 } });
    busy.subscribe('t');
    publisher.publish('t', 'first', { qos: 1 });
    publisher.publish('t', 'x', { qos: 1, properties: expiring(10) });
    publisher.publish('t', 'last', { qos: 1 });
    assert.deepEqual(here.takeTexts(), ['t first', 't x', 't last']);
    broker.advance(10_000);
    const [first] = busy.takePublishes();
    busy.acknowledge(PacketType.puback, first?.packetId ?? 0);
    assert.deepEqual(busy.takeTexts(), ['t last']);
    const back = connected(broker, lasting(5, 'away'));
    assert.deepEqual(back.takeTexts(), ['t first', 't last']);
    assert.deepEqual(
      facts.drops.map((drop) => [drop.cause, drop.clientId, drop.topicName, drop.rule]),
      ['busy', 'away'].map((id) => ['expired', id, 't', 'Message Expiry Interval']),
    );
    assert.equal(broker.broker.gauges().queuedMessages, 0);
  });

  test('[MQTT-3.3.2-5] does not pass a millisecond early', () => {
    const broker = new TestBroker();
    const publisher = connected(broker, { clientId: 'p' });
    connected(broker, lasting(5, 'c')).subscribe('t');
    const first = connected(broker, lasting(5, 'c'));
    first.lose();
    publisher.publish('t', 'x', { qos: 1, properties: expiring(10) });
    broker.runtime.elapse(9_999);
    const [packet] = connected(broker, lasting(5, 'c')).takePublishes();
    assert.equal(packet?.properties?.messageExpiryInterval, 1);
  });

  test('of 0 means at once or not at all', () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    client.subscribe('t');
    connected(broker, lasting(5, 'away')).subscribe('t');
    connected(broker, lasting(5, 'away')).lose();
    for (const qos of [0, 1, 2] as const) {
      client.publish('t', `${qos}`, { qos, properties: expiring(0) });
    }
    assert.deepEqual(client.takeTexts(), ['t 0', 't 1', 't 2']);
    assert.deepEqual(connected(broker, lasting(5, 'away')).takeTexts(), []);
  });

  test('a message without one does not expire', () => {
    const broker = new TestBroker({ settings: { serverKeepAlive: 0 } });
    const publisher = connected(broker, { clientId: 'p' });
    connected(broker, lasting(5, 'c', 0xffff_ffff)).subscribe('t');
    connected(broker, lasting(5, 'c', 0xffff_ffff)).lose();
    publisher.publish('t', 'x', { qos: 1 });
    broker.runtime.elapse(10 * 365 * 86_400_000);
    const [packet] = connected(broker, lasting(5, 'c')).takePublishes();
    assert.equal(packet?.properties?.messageExpiryInterval, undefined);
    assert.equal(new TextDecoder().decode(packet?.payload), 'x');
  });
});
