/** A whole server with its listeners: TCP (4.2) and WebSocket (6) as a client meets them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { createBroker } from '../../src/create-broker.ts';
import {
  type ClientPacket,
  encodePacket,
  PacketReader,
  PacketType,
  ReasonCode,
  type ServerPacket,
} from '../../src/packet/index.ts';

const connectPacket: ClientPacket = {
  type: PacketType.connect,
  protocolVersion: 5,
  isBridge: false,
  clientId: 'c',
  cleanStart: true,
  keepAlive: 0,
  username: undefined,
  password: undefined,
  will: undefined,
  properties: undefined,
};

function subscribe(topicFilter: string): ClientPacket {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = [{ topicFilter, ...options }];
  return { type: PacketType.subscribe, packetId: 1, subscriptions, properties: undefined };
}

function publish(payload: Uint8Array, packetId = 0): ClientPacket {
  return {
    type: PacketType.publish,
    topicName: 't',
    payload,
    qos: packetId === 0 ? 0 : 1,
    retain: false,
    dup: false,
    packetId,
    properties: undefined,
  };
}

/** Packets out of a carrier, one by one. */
class Incoming {
  private readonly reader: PacketReader<'client'>;
  private readonly packets: ServerPacket[] = [];
  private wake: () => void = () => undefined;

  constructor(version: 4 | 5 = 5) {
    this.reader = new PacketReader({ role: 'client', version });
  }

  add(bytes: Uint8Array): void {
    this.reader.push(bytes);
    for (let packet = this.reader.next(); packet !== undefined; packet = this.reader.next()) {
      this.packets.push(packet);
    }
    this.wake();
  }

  async next<T extends ServerPacket['type']>(type: T): Promise<Extract<ServerPacket, { type: T }>> {
    for (;;) {
      const index = this.packets.findIndex((packet) => packet.type === type);
      if (index >= 0) {
        return this.packets.splice(index, 1)[0] as Extract<ServerPacket, { type: T }>;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

async function dial(t: TestContext, port: number): Promise<{ socket: Socket; incoming: Incoming }> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const incoming = new Incoming();
  socket.on('data', (chunk) => incoming.add(chunk));
  await once(socket, 'connect');
  return { socket, incoming };
}

async function startServer(t: TestContext): Promise<{ tcp: number; ws: string }> {
  const broker = await createBroker({
    mqtt: { host: '127.0.0.1', port: 0 },
    websocket: { host: '127.0.0.1', port: 0 },
  });
  t.after(() => broker.stop());
  const url = (scheme: string) => broker.urls.find((each) => each.startsWith(scheme)) ?? '';
  return { tcp: Number(new URL(url('mqtt:')).port), ws: url('ws:') };
}

describe('TCP', () => {
  test('[MQTT-4.2.0-1] [MQTT3-7.1.1-1] carries bytes in order and without loss, both ways', async (t) => {
    const { tcp } = await startServer(t);
    const { socket, incoming } = await dial(t, tcp);
    socket.write(encodePacket(connectPacket, 5));
    socket.write(encodePacket(subscribe('t'), 5));
    await incoming.next(PacketType.suback);
    const payloads = Array.from({ length: 40 }, (_, i) =>
      Uint8Array.from({ length: i * 5003 }, (_byte, at) => (at * 31 + i) & 0xff),
    );
    for (const payload of payloads) socket.write(encodePacket(publish(payload), 5));
    for (const payload of payloads) {
      const packet = await incoming.next(PacketType.publish);
      assert.deepEqual(Buffer.from(packet.payload), Buffer.from(payload));
    }
  });

  test('a client that is sending while it is disconnected still reads why', async (t) => {
    const { tcp } = await startServer(t);
    const { socket, incoming } = await dial(t, tcp);
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    socket.write(encodePacket(connectPacket, 5));
    await incoming.next(PacketType.connack);
    const ended = once(socket, 'end');
    socket.write(Uint8Array.of(0xc1, 0));
    const more = encodePacket(publish(new Uint8Array(100_000)), 5);
    for (let i = 0; i < 50; i++) socket.write(more);
    const { reasonCode } = await incoming.next(PacketType.disconnect);
    assert.equal(reasonCode, ReasonCode.malformedPacket);
    await ended;
    assert.deepEqual(errors, [], 'the connection was reset');
  });
});

describe('WebSocket', () => {
  const v311 = encodePacket({ ...connectPacket, protocolVersion: 4 }, 4);

  async function browse(t: TestContext, url: string, protocols: string[]) {
    const socket = new WebSocket(url, protocols);
    t.after(() => socket.terminate());
    const incoming = new Incoming(4);
    const kinds = new Set<boolean>();
    socket.on('message', (data: Buffer, isBinary) => {
      kinds.add(isBinary);
      incoming.add(data);
    });
    await once(socket, 'open');
    return { socket, incoming, kinds };
  }

  test('[MQTT3-6.0.0-4] the server selects the sub-protocol mqtt', async (t) => {
    const { ws } = await startServer(t);
    const { socket } = await browse(t, ws, ['other', 'mqtt']);
    assert.equal(socket.protocol, 'mqtt');
  });

  test('[MQTT3-6.0.0-1] packets travel in binary frames; a text frame ends the connection', async (t) => {
    const { ws } = await startServer(t);
    const { socket, incoming, kinds } = await browse(t, ws, ['mqtt']);
    socket.send(v311);
    await incoming.next(PacketType.connack);
    assert.deepEqual([...kinds], [true]);
    const closed = once(socket, 'close');
    socket.send('text');
    await closed;
  });

  test('[MQTT3-6.0.0-2] packets need not begin or end with a frame', async (t) => {
    const { ws } = await startServer(t);
    const { socket, incoming } = await browse(t, ws, ['mqtt']);
    for (const byte of v311.subarray(0, 10)) socket.send(Uint8Array.of(byte));
    const rest = [v311.subarray(10), encodePacket(subscribe('t'), 4), Uint8Array.of(0xc0)];
    socket.send(Buffer.concat(rest));
    socket.send(Buffer.concat([Uint8Array.of(0), encodePacket(publish(Uint8Array.of(7), 2), 4)]));
    await incoming.next(PacketType.connack);
    await incoming.next(PacketType.suback);
    await incoming.next(PacketType.pingresp);
    assert.equal((await incoming.next(PacketType.puback)).packetId, 2);
    assert.deepEqual(Buffer.from((await incoming.next(PacketType.publish)).payload), Buffer.of(7));
  });
});
