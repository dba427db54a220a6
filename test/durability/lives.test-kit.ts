/** Brokers that live one after another on one simulated disk, and what their clients say. */
import assert from 'node:assert/strict';
import {
  type ConnectPacket,
  PacketType,
  type PublishPacket,
  type QoS,
  ReasonCode,
} from '../../src/packet/index.ts';
import { SimulatedPlace } from '../../src/storage/store-places.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';

/** Brokers, one after another. */
export class Lives {
  broker: TestBroker = new TestBroker();
  readonly place: SimulatedPlace;
  private elapsedMs = 0;

  constructor(mode: 'none' | 'os' | 'disk') {
    this.place = new SimulatedPlace(mode);
  }

  async begin(): Promise<void> {
    this.broker = new TestBroker({ store: this.place.start() });
    this.broker.runtime.elapse(this.elapsedMs);
    await this.place.drive(this.broker.broker.open());
  }

  /** The process is killed, and the next one begins after that time. */
  async kill(downMs = 0): Promise<void> {
    this.place.kill();
    await this.next(downMs);
  }

  /** The broker stops as it should, and the next one begins after that time. */
  async stop(downMs = 0): Promise<void> {
    this.broker.broker.stop();
    await this.place.drive(this.broker.broker.close());
    await this.next(downMs);
  }

  advance(ms: number): void {
    this.elapsedMs += ms;
    this.broker.advance(ms);
  }

  /** Everything written is as safe as it gets, and was answered. */
  async rest(): Promise<void> {
    await this.place.rest();
    this.broker.run();
    await this.place.rest();
  }

  async connect(clientId: string, fields: Partial<ConnectPacket> = {}): Promise<TestClient> {
    const client = this.broker.open();
    const properties = { sessionExpiryInterval: 1000 };
    client.sendConnect({ clientId, cleanStart: false, properties, ...fields });
    await this.rest();
    assert.equal(client.take(PacketType.connack).reasonCode, ReasonCode.success);
    return client;
  }

  async subscribe(client: TestClient, topicFilter: string, qos: QoS = 2): Promise<void> {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const properties = undefined;
    client.send({
      type: PacketType.subscribe,
      packetId: 9,
      subscriptions: [{ topicFilter, qos, ...options }],
      properties,
    });
    await this.rest();
    client.take(PacketType.suback);
  }

  /** From a client that comes and goes. */
  async publish(
    topicName: string,
    text: string,
    fields: Partial<PublishPacket> = {},
  ): Promise<void> {
    const client = await this.connect('publisher', { properties: undefined, cleanStart: true });
    client.send(publish(topicName, text, fields));
    await this.rest();
    assert.equal(client.inbox.length, fields.qos === 0 ? 0 : 1, 'it was acknowledged');
    client.disconnect();
  }

  private async next(downMs: number): Promise<void> {
    this.elapsedMs += downMs;
    await this.begin();
  }
}

export function publish(
  topicName: string,
  text: string,
  fields: Partial<PublishPacket> = {},
): PublishPacket {
  return {
    type: PacketType.publish,
    topicName,
    payload: new TextEncoder().encode(text),
    qos: 1,
    retain: false,
    dup: false,
    packetId: fields.qos === 0 ? 0 : 1,
    properties: undefined,
    ...fields,
  };
}

export function textsOf(publishes: readonly PublishPacket[]): string[] {
  return publishes.map(
    ({ topicName, payload, dup, retain }) =>
      `${topicName} ${new TextDecoder().decode(payload)}${dup ? ' dup' : ''}${retain ? ' retain' : ''}`,
  );
}

export async function started(mode: 'none' | 'os' | 'disk' = 'os'): Promise<Lives> {
  const lives = new Lives(mode);
  await lives.begin();
  return lives;
}
