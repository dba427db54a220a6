import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '../packet/index.ts';
import { TestBroker, type TestClient } from '../testing/index.ts';
import { MemoryStore } from './memory-store.ts';
import type { Journal, Op, Store } from './stores.ts';

/** A store that writes down what each session still needs, as one on a disk would have it. */
class RecordingStore implements Store {
  readonly isDurable = true;
  readonly waiting = new Map<number, Set<number>>();
  readonly journal: Journal;
  private readonly memory = new MemoryStore();

  constructor() {
    const { journal } = this.memory;
    this.journal = Object.create(journal, {
      append: {
        value: (op: Op) => {
          const lsn = journal.append(op);
          this.note(op, lsn);
          return lsn;
        },
      },
      durable: { get: () => journal.durable },
    });
  }

  get messages(): number {
    return [...this.waiting.values()].reduce((sum, { size }) => sum + size, 0);
  }

  open(): ReturnType<Store['open']> {
    return this.memory.open();
  }

  close(): Promise<void> {
    return this.memory.close();
  }

  private note(op: Op, lsn: number): void {
    if (op.kind === 'settled') this.waiting.get(op.session)?.delete(op.message);
    else if (op.kind === 'session' && op.record === undefined) this.waiting.delete(op.session);
    else if (op.kind === 'message') {
      for (const { session } of op.to) {
        this.waiting.set(session, (this.waiting.get(session) ?? new Set()).add(lsn));
      }
    }
  }
}

function connect(broker: TestBroker, clientId: string): TestClient {
  const client = broker.open();
  client.connect({ clientId, cleanStart: false, properties: { sessionExpiryInterval: 100 } });
  return client;
}

test('the store is told of no message that No Local keeps from its own publisher', () => {
  const store = new RecordingStore();
  const broker = new TestBroker({ store });
  const client = connect(broker, 'c');
  client.subscribe([{ topicFilter: 't', noLocal: true }]);
  client.publish('t', 'x', { qos: 1 });
  assert.equal(client.takePublishes().length, 0);
  assert.equal(store.messages, 0);
  assert.deepEqual(broker.internalErrors, []);
});

test('the store forgets a message that its receiver may not read', () => {
  const store = new RecordingStore();
  const rule = 'test';
  const broker = new TestBroker({
    store,
    plugins: [
      {
        name: 'secret',
        authorizeDelivery: () => ({ allow: false, reasonCode: 0x87, rule }),
      },
    ],
  });
  const client = connect(broker, 'c');
  client.subscribe(['t', '$share/group/t']);
  client.publish('t', 'x', { qos: 1 });
  assert.equal(client.takePublishes().length, 0);
  assert.equal(store.messages, 0);
  assert.deepEqual(broker.internalErrors, []);
});

test('[MQTT-3.3.2-5] a message that has expired is not handed on within a Shared Subscription', () => {
  const broker = new TestBroker();
  const first = connect(broker, 'first');
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  first.subscribe('$share/group/t');
  const properties = { messageExpiryInterval: 10 };
  publisher.publish('t', 'x', { qos: 1, properties });
  const second = connect(broker, 'second');
  second.subscribe('$share/group/t');
  broker.advance(20_000);
  first.lose();
  assert.deepEqual(second.takePublishes(), []);
  assert.deepEqual(broker.broker.counters.droppedByCause, { expired: 1 });
});

test('a message handed on within a Shared Subscription is stored for the member that has it now', () => {
  const store = new RecordingStore();
  const broker = new TestBroker({ store });
  const first = connect(broker, 'first');
  const publisher = broker.open();
  publisher.connect({ clientId: 'publisher' });
  first.subscribe('$share/group/t');
  publisher.publish('t', 'x', { qos: 1 });
  assert.equal(first.takePublishes().length, 1);
  const second = connect(broker, 'second');
  second.subscribe('$share/group/t');
  first.lose();
  const [packet] = second.takePublishes();
  assert.equal(packet?.dup, false);
  assert.deepEqual(
    [...store.waiting.values()].map(({ size }) => size),
    [0, 1],
  );
  second.acknowledge(PacketType.puback, packet?.packetId ?? 0);
  assert.equal(store.messages, 0);
});
