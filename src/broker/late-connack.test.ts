import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../packet/index.ts';
import { TestBroker } from '../testing/index.ts';
import { MemoryStore } from './memory-store.ts';
import type { Journal, Store } from './stores.ts';

/** A store that is durable up to where the test says. */
class HeldJournal implements Journal {
  durable = 0;
  private last = 0;
  private tell: (upTo: number) => void = () => undefined;

  append(): number {
    return ++this.last;
  }

  onDurable(callback: (upTo: number) => void): void {
    this.tell = callback;
  }

  onFault(): void {
    // It never fails.
  }

  pressure(): { pendingBytes: number; oldestMs: number } {
    return { pendingBytes: 0, oldestMs: 0 };
  }

  release(): void {
    this.durable = this.last;
    this.tell(this.last);
  }
}

test('what expired while the CONNACK waited for the store is not sent behind it', () => {
  const journal = new HeldJournal();
  const memory = new MemoryStore();
  const store: Store = {
    journal,
    isDurable: true,
    open: () => memory.open(),
    close: () => memory.close(),
  };
  const broker = new TestBroker({ store, settings: { serverKeepAlive: 0 } });
  const connect = {
    clientId: 'c',
    cleanStart: false,
    properties: { sessionExpiryInterval: 1000 },
  };
  const first = broker.open();
  first.sendConnect(connect);
  journal.release();
  broker.run();
  first.take(PacketType.connack);
  first.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [
      { topicFilter: 't', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    ],
    properties: undefined,
  });
  first.lose();
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  publisher.publish('t', 'short', { qos: 1, properties: { messageExpiryInterval: 10 } });
  publisher.publish('t', 'long', { qos: 1, properties: { messageExpiryInterval: 100 } });
  const second = broker.open();
  second.sendConnect(connect);
  broker.advance(60_000);
  assert.deepEqual(second.inbox, []);
  journal.release();
  broker.run();
  assert.equal(second.take(PacketType.connack).sessionPresent, true);
  const packets = second.takePublishes();
  assert.deepEqual(
    packets.map(({ payload, properties }) => [
      new TextDecoder().decode(payload),
      properties?.messageExpiryInterval,
    ]),
    [['long', 40]],
  );
  assert.deepEqual(broker.internalErrors, []);
});
