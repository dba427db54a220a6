/** Message ordering (4.6), in every way in which a message can wait. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { MqttVersion, PacketType, QoS } from '../../src/packet/index.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, lasting, takeAndAcknowledge } from './each-version.ts';

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `t ${from + i}`);

function publish(client: TestClient, from: number, to: number, qos: QoS): void {
  for (let i = from; i < to; i++) {
    client.publish('t', `${i}`, { qos, packetId: qos === 0 ? 0 : 1 });
    if (qos === 2) client.acknowledge(PacketType.pubrel, 1);
  }
  client.inbox.length = 0;
}

describe('messages of one publisher on one topic with one QoS arrive in their order', () => {
  for (const qos of [QoS.atMostOnce, QoS.atLeastOnce, QoS.exactlyOnce]) {
    forEachVersion(
      `[MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT3-4.6.0-5] [MQTT3-4.6.0-6] at QoS ${qos}, sent at once and from the queue`,
      (version) => {
        const broker = new TestBroker();
        const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
        const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
        subscriber.subscribe('t');
        publish(publisher, 0, 100, qos);
        const texts = takeAndAcknowledge(subscriber);
        assert.deepEqual(texts, numbers(0, 100));
      },
    );
  }

  forEachVersion(
    '[MQTT-4.6.0-5] [MQTT3-4.6.0-6] over reconnects, with what was under way, what waited and what is new',
    (version) => {
      for (const qos of [QoS.atLeastOnce, QoS.exactlyOnce]) {
        const broker = new TestBroker();
        const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
        let subscriber = connected(broker, lasting(version, 's'));
        subscriber.subscribe('t');
        let published = 0;
        for (let round = 0; round < 4; round++) {
          publish(publisher, published, published + 20, qos);
          published += 20;
          subscriber.lose();
          subscriber = connected(broker, lasting(version, 's'));
        }
        assert.deepEqual(takeAndAcknowledge(subscriber), numbers(0, published));
      }
    },
  );

  forEachVersion(
    '[MQTT-4.6.0-6] [MQTT3-4.6.0-5] with overlapping subscriptions, and with each subscription made anew',
    (version) => {
      const broker = new TestBroker();
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
      const texts: string[] = [];
      for (let i = 0; i < 50; i++) {
        subscriber.subscribe(['t', '#', '+']);
        publish(publisher, i, i + 1, QoS.atLeastOnce);
        texts.push(...takeAndAcknowledge(subscriber));
      }
      assert.deepEqual(texts, numbers(0, 50));
    },
  );

  forEachVersion(
    '[MQTT-4.6.0-5] also with an asynchronous authorizer of any speed',
    async (version) => {
      const open: (() => void)[] = [];
      const broker = new TestBroker({
        plugins: [
          {
            name: 'slow',
            authorizePublish: () =>
              new Promise((resolve) => {
                open.push(() => resolve({ allow: true }));
              }),
          },
        ],
      });
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
      subscriber.subscribe('t');
      publish(publisher, 0, 10, QoS.atMostOnce);
      assert.equal(open.length, 1, 'a second decision was asked before the first was there');
      for (let i = 0; i < 10; i++) {
        open.pop()?.();
        await broker.settle();
      }
      assert.deepEqual(subscriber.takeTexts(), numbers(0, 10));
    },
  );

  forEachVersion('for a reader that is slow', (version) => {
    const settings = { limits: { outboundBytesMax: 2000, queuedMessagesMax: 0 } };
    const broker = new TestBroker({ settings });
    const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
    const subscriber = connected(broker, { clientId: 's', protocolVersion: version });
    subscriber.subscribe('t');
    subscriber.stick();
    publish(publisher, 0, 1000, QoS.atLeastOnce);
    const texts: string[] = [];
    for (let round = 0; round < 200; round++) {
      subscriber.read();
      subscriber.stick();
      texts.push(...takeAndAcknowledge(subscriber));
    }
    assert.deepEqual(texts, numbers(0, 1000));
  });

  forEachVersion(
    'at QoS 0 for a Session that was away, where such messages wait too',
    (version) => {
      const settings = { queueQoS0Offline: true, limits: { inflightMessagesMax: 2 } };
      const broker = new TestBroker({ settings });
      const publisher = connected(broker, { clientId: 'p', protocolVersion: version });
      const first = connected(broker, lasting(version, 's'));
      first.subscribe(['t', 'u']);
      first.lose();
      for (let i = 0; i < 5; i++) publisher.publish('u', `${i}`, { qos: 1, packetId: 1 });
      publish(publisher, 0, 10, QoS.atMostOnce);
      const second = connected(broker, lasting(version, 's'));
      // Two of QoS 1 fill the window; the rest waits behind them, and new ones may not overtake it.
      publish(publisher, 10, 20, QoS.atMostOnce);
      const texts = takeAndAcknowledge(second);
      assert.deepEqual(
        texts.filter((text) => text.startsWith('t ')),
        numbers(0, 20),
      );
      assert.equal(texts.length, 25);
      if (version === MqttVersion.v5) assert.deepEqual(broker.internalErrors, []);
    },
  );
});
