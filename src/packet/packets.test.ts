/** The table of test packets, through every way there is: decode, encode, size, every cut, refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodePacket,
  type MqttVersion,
  type Packet,
  PacketReader,
  PacketType,
  PacketWriter,
  ProtocolError,
  packetSize,
  writePacket,
} from './index.ts';
import {
  parseBytes,
  type RefusedPacket,
  refusedPackets,
  type TestPacket,
  testPackets,
  withoutUndefined,
} from './packets.test-kit.ts';
import { allowedProperties } from './packets-properties.test-kit.ts';

type Sender = 'client' | 'server';
const versionNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

/** Every version and sender that a row of the table stands for. */
function eachCase<T extends TestPacket | RefusedPacket>(
  rows: readonly T[],
  run: (row: T, version: MqttVersion, from: Sender, title: string) => void,
): void {
  for (const row of rows) {
    for (const version of row.versions) {
      const senders: Sender[] = row.from === 'both' ? ['client', 'server'] : [row.from];
      for (const from of senders) {
        run(row, version, from, `${row.name} (${versionNames[version]}, from a ${from})`);
      }
    }
  }
}

/** What receives packets of that sender, behind the CONNECT unless the bytes are one to be read first. */
function receiver(
  from: Sender,
  version: MqttVersion,
  isFirst: boolean,
): PacketReader<'server'> | PacketReader<'client'> {
  if (from === 'server') return new PacketReader({ role: 'client', version });
  return isFirst
    ? new PacketReader({ role: 'server' })
    : new PacketReader({ role: 'server', version });
}

const isFirst = (row: TestPacket | RefusedPacket) =>
  row.bytes.startsWith('10') && !/second CONNECT|from the server/.test(row.name);

function readAll(reader: PacketReader<'server'> | PacketReader<'client'>): Packet[] {
  const packets: Packet[] = [];
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
    packets.push(packet);
  }
  return packets;
}

function assertPackets(actual: readonly Packet[], expected: readonly Packet[]): void {
  assert.deepEqual(withoutUndefined(actual), withoutUndefined(expected));
}

eachCase(testPackets, (row, version, from, title) => {
  test(title, () => {
    const bytes = parseBytes(row.bytes);
    const reader = receiver(from, version, isFirst(row));
    reader.push(bytes);
    assertPackets(readAll(reader), [row.packet]);
    assert.equal(reader.bufferedBytes, 0);
    if (isFirst(row)) assert.equal(reader.version, version);

    const encoded = row.encodesAs === undefined ? bytes : parseBytes(row.encodesAs);
    assert.deepEqual(encodePacket(row.packet, version), encoded);
    assert.equal(packetSize(row.packet, version), encoded.length);
    const writer = new PacketWriter();
    writer.byte(0xff);
    writePacket(writer, row.packet, version);
    assert.deepEqual(writer.take().subarray(1), encoded);
  });
});

test('a packet is the same wherever the chunks are cut', () => {
  eachCase(testPackets, (row, version, from, title) => {
    const bytes = parseBytes(row.bytes);
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = receiver(from, version, isFirst(row));
      reader.push(bytes.subarray(0, cut));
      assert.equal(reader.next(), undefined, title);
      assert.equal(reader.bufferedBytes, cut, title);
      reader.push(bytes.subarray(cut));
      assertPackets(readAll(reader), [row.packet]);
      assert.equal(reader.bufferedBytes, 0, title);
    }
  });
});

test('a packet is the same when its bytes come one at a time, read at once or all pushed before', () => {
  eachCase(testPackets, (row, version, from) => {
    const bytes = parseBytes(row.bytes);
    const atOnce = receiver(from, version, isFirst(row));
    const packets: Packet[] = [];
    const later = receiver(from, version, isFirst(row));
    for (const byte of bytes) {
      atOnce.push(Uint8Array.of(byte));
      packets.push(...readAll(atOnce));
      later.push(Uint8Array.of(byte));
    }
    assertPackets(packets, [row.packet]);
    assertPackets(readAll(later), [row.packet]);
  });
});

test('a thousand packets in one chunk come out in order', () => {
  eachCase(testPackets, (row, version, from, title) => {
    if (isFirst(row)) return;
    const bytes = parseBytes(row.bytes);
    const chunk = new Uint8Array(bytes.length * 1000);
    for (let count = 0; count < 1000; count++) chunk.set(bytes, count * bytes.length);
    const reader = receiver(from, version, false);
    reader.push(chunk);
    const packets = readAll(reader);
    assert.equal(packets.length, 1000, title);
    assertPackets(packets.slice(0, 1), [row.packet]);
    assertPackets(packets.slice(-1), [row.packet]);
    assert.equal(reader.bufferedBytes, 0, title);
  });
});

test('all packets of one sender, in one stream, come out in order however the stream is cut', () => {
  for (const from of ['client', 'server'] as const) {
    for (const version of [3, 4, 5] as const) {
      const rows = testPackets.filter(
        (row) =>
          (row.from === from || row.from === 'both') &&
          row.versions.includes(version) &&
          !isFirst(row),
      );
      const stream = Uint8Array.from(rows.flatMap((row) => [...parseBytes(row.bytes)]));
      for (let size = 1; size <= 64; size++) {
        const reader = receiver(from, version, false);
        const packets: Packet[] = [];
        for (let at = 0; at < stream.length; at += size) {
          reader.push(stream.subarray(at, at + size));
          packets.push(...readAll(reader));
        }
        assertPackets(
          packets,
          rows.map((row) => row.packet),
        );
      }
    }
  }
});

function refusal(reader: PacketReader<'server'> | PacketReader<'client'>): ProtocolError {
  try {
    readAll(reader);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

eachCase(refusedPackets, (row, version, from, title) => {
  test(title, () => {
    const bytes = parseBytes(row.bytes);
    const reader = receiver(from, version, isFirst(row));
    reader.push(bytes);
    const error = refusal(reader);
    assert.equal(error.reasonCode, row.reasonCode, error.message);

    // Closed: it holds nothing and takes nothing.
    assert.equal(reader.bufferedBytes, 0);
    reader.push(parseBytes('c0 00'));
    assert.equal(reader.next(), undefined);
    assert.equal(reader.bufferedBytes, 0);
  });
});

test('a bad packet is refused alike when its bytes come one at a time, and what came before it is read', () => {
  eachCase(refusedPackets, (row, version, from, title) => {
    const reader = receiver(from, version, isFirst(row));
    const packets: Packet[] = [];
    let error: unknown;
    const before = isFirst(row) ? [] : [0x40, 2, 0, 1];
    for (const byte of [...before, ...parseBytes(row.bytes)]) {
      reader.push(Uint8Array.of(byte));
      try {
        packets.push(...readAll(reader));
      } catch (caught) {
        error = caught;
        break;
      }
    }
    assert.ok(error instanceof ProtocolError, title);
    assert.equal(error.reasonCode, row.reasonCode, title);
    assert.equal(packets.length, before.length / 4, title);
    if (packets[0] !== undefined) assert.equal(packets[0].type, PacketType.puback);
  });
});

test('[MQTT-2.2.2-1] every property is read in every packet that it belongs to', () => {
  for (const [name, from, bytes] of allowedProperties) {
    const reader = receiver(from === 'server' ? 'server' : 'client', 5, bytes.startsWith('10'));
    reader.push(parseBytes(bytes));
    const packets = readAll(reader);
    assert.equal(packets.length, 1, name);
    const [packet] = packets;
    assert.ok(packet !== undefined);
    assert.deepEqual(encodePacket(packet, 5), parseBytes(bytes), name);
  }
});
