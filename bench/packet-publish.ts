/**
 * Cost of reading and writing a PUBLISH: `node bench/packet-publish.ts`.
 *
 * Chunks of about 64 KiB, as sockets deliver them, full of packets with Topic Names of 39 bytes. Each
 * line is the best of five rounds, in nanoseconds for each packet.
 */
import {
  encodePacket,
  type MqttVersion,
  PacketReader,
  PacketType,
  PacketWriter,
  type PublishPacket,
  packetSize,
  writePacket,
} from '../src/packet/index.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const CHUNK_BYTES = 65_536;
const PACKETS_PER_ROUND = 100_000;
const TOPIC_COUNT = 200;

function topicName(i: number): string {
  return ['iot', `building-${i % 10}`, `room-${100 + (i % 900)}`, 'sensor-a', 'humidity'].join('/');
}

function publish(i: number, fields: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: topicName(i),
    payload: new Uint8Array(16).fill(0x31),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    ...fields,
  };
}

const properties = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 60,
  contentType: 'text/plain',
  responseTopic: undefined,
  correlationData: undefined,
  userProperties: [['unit', 'percent']],
  topicAlias: undefined,
  subscriptionIdentifiers: undefined,
} as const;

interface Scenario {
  readonly name: string;
  readonly version: MqttVersion;
  readonly packets: readonly PublishPacket[];
}

function scenario(name: string, version: MqttVersion, fields: Partial<PublishPacket>): Scenario {
  const packets = Array.from({ length: TOPIC_COUNT }, (_, i) => publish(i, fields));
  return { name, version, packets };
}

const scenarios = [
  scenario('3.1.1 QoS 0, 16 bytes', 4, {}),
  scenario('3.1.1 QoS 1, 16 bytes', 4, { qos: 1, packetId: 7 }),
  scenario('3.1.1 QoS 0, 1 KiB', 4, { payload: new Uint8Array(1024).fill(0x31) }),
  scenario('3.1.1 QoS 0, Topic Name not ASCII', 4, {
    topicName: 'gebäude/größe/straße/tür/öffnung/höhe',
  }),
  scenario('5.0 QoS 0, no properties', 5, {}),
  scenario('5.0 QoS 1, four properties', 5, { qos: 1, packetId: 7, properties }),
];

/** A chunk full of whole packets, and how many. */
function chunkOf({ packets, version }: Scenario): { chunk: Uint8Array; count: number } {
  const writer = new PacketWriter();
  let count = 0;
  for (;;) {
    const packet = packets[count % packets.length] as PublishPacket;
    if (writer.length + packetSize(packet, version) > CHUNK_BYTES) break;
    writePacket(writer, packet, version);
    count++;
  }
  return { chunk: writer.take(), count };
}

let sink = 0;

function benchDecode(each: Scenario): void {
  const { chunk, count } = chunkOf(each);
  const chunks = Math.ceil(PACKETS_PER_ROUND / count);
  const ns = nsPerCall(chunks * count, () => {
    const reader = new PacketReader({ role: 'server', version: each.version });
    for (let i = 0; i < chunks; i++) {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        if (packet.type === PacketType.publish) sink += packet.payload.length;
      }
    }
  });
  line(`decode ${each.name}`, ns, 'ns');
}

function benchEncode(each: Scenario): void {
  const { packets, version } = each;
  const ns = nsPerCall(PACKETS_PER_ROUND, () => {
    const writer = new PacketWriter();
    for (let i = 0; i < PACKETS_PER_ROUND; i++) {
      writePacket(writer, packets[i % packets.length] as PublishPacket, version);
      if (writer.length > CHUNK_BYTES - 2048) writer.truncate(0);
    }
    sink += writer.length;
  });
  line(`encode ${each.name}`, ns, 'ns');
}

function benchSize(each: Scenario): void {
  const { packets, version } = each;
  const ns = nsPerCall(PACKETS_PER_ROUND, () => {
    for (let i = 0; i < PACKETS_PER_ROUND; i++) {
      sink += packetSize(packets[i % packets.length] as PublishPacket, version);
    }
  });
  line(`size of ${each.name}`, ns, 'ns');
}

function benchAcknowledgement(): void {
  const bytes = encodePacket(
    { type: PacketType.puback, packetId: 7, reasonCode: 0, properties: undefined },
    5,
  );
  const chunk = new Uint8Array(4000);
  for (let at = 0; at < chunk.length; at += 4) chunk.set(bytes, at);
  const decode = nsPerCall(100_000, () => {
    const reader = new PacketReader({ role: 'server', version: 5 });
    for (let i = 0; i < 100; i++) {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) sink++;
    }
  });
  line('decode PUBACK', decode, 'ns');
  const encode = nsPerCall(100_000, () => {
    const writer = new PacketWriter();
    for (let i = 0; i < 100_000; i++) {
      const packetId = (i & 0x7fff) + 1;
      writePacket(
        writer,
        { type: PacketType.puback, packetId, reasonCode: 0, properties: undefined },
        5,
      );
      if (writer.length > CHUNK_BYTES - 2048) writer.truncate(0);
    }
  });
  line('encode PUBACK', encode, 'ns');
}

for (const each of scenarios) benchDecode(each);
for (const each of scenarios) benchEncode(each);
for (const each of scenarios) benchSize(each);
benchAcknowledgement();
if (sink === 0) throw new Error('Nothing was measured');
