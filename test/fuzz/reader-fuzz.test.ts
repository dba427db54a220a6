/**
 * Damaged packets against the reader: nothing but a ProtocolError comes out, what is read can be written
 * and read again, an error closes the reader, and memory stays flat.
 *
 *   LINNET_FUZZ_PACKETS   damaged packets for each version (50,000)
 *   LINNET_FUZZ_SEED      to repeat a run; a failure prints it
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import {
  encodePacket,
  type MqttVersion,
  type Packet,
  PacketReader,
  PacketType,
  ProtocolError,
  packetSize,
} from '../../src/packet/index.ts';
import {
  parseBytes,
  type RefusedPacket,
  refusedPackets,
  type TestPacket,
  testPackets,
  withoutUndefined,
} from '../../src/packet/packets.test-kit.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

const packetsPerVersion = Number(process.env['LINNET_FUZZ_PACKETS'] ?? 50_000);
const seed = Number(process.env['LINNET_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

type Role = 'server' | 'client';
type Reader = PacketReader<'server'> | PacketReader<'client'>;

/** The bytes of the rows that a reader of that role gets. */
function samplesOf(
  rows: readonly (TestPacket | RefusedPacket)[],
  role: Role,
  version: MqttVersion,
): Uint8Array[] {
  const sender = role === 'server' ? 'client' : 'server';
  return rows
    .filter((row) => row.versions.includes(version))
    .filter((row) => row.from === sender || row.from === 'both')
    .map((row) => parseBytes(row.bytes))
    .filter((bytes) => bytes.length < sampleBytesMaximum);
}

/** Short ones only, so that a run spends its time on packets and not on copying. */
const sampleBytesMaximum = 250;

class Tally {
  read = 0;
  refused = 0;
  incomplete = 0;
}

function readerFor(role: Role, version: MqttVersion, isFirst: boolean): Reader {
  if (role === 'client') return new PacketReader({ role, version });
  return isFirst ? new PacketReader({ role }) : new PacketReader({ role, version });
}

function fuzz(role: Role, version: MqttVersion, packets: number, random: Random): Tally {
  const good = samplesOf(testPackets, role, version);
  const bad = samplesOf(refusedPackets, role, version);
  const tally = new Tally();
  for (let damaged = 0; damaged < packets; ) {
    const stream: number[] = [];
    for (let count = random.below(3); count >= 0; count--) {
      const chance = random.next();
      // A good one now and then, so that damage also comes behind something that was read.
      if (chance < 0.2) {
        stream.push(...random.oneOf(good));
        continue;
      }
      damaged++;
      if (chance < 0.22) stream.push(...Array.from({ length: 20 }, () => random.below(256)));
      else stream.push(...mutate(random.oneOf(chance < 0.8 ? good : bad), good, random));
    }
    const isFirst = role === 'server' && (stream[0] ?? 0) >> 4 === PacketType.connect;
    const reader = readerFor(role, version, isFirst);
    try {
      feed(reader, role, Uint8Array.from(stream), random, tally);
    } catch (error) {
      const hex = Buffer.from(stream).toString('hex');
      throw new Error(`The stream ${hex} for a ${role} of version ${version}`, { cause: error });
    }
  }
  return tally;
}

/** @throws what is not a ProtocolError, and AssertionError */
function feed(reader: Reader, role: Role, stream: Uint8Array, random: Random, tally: Tally): void {
  const inOneChunk = random.next() < 0.5;
  for (let at = 0; at < stream.length; ) {
    const end = inOneChunk ? stream.length : at + 1 + random.below(12);
    reader.push(stream.subarray(at, end));
    at = end;
    try {
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        tally.read++;
        if (random.next() < 0.25) assertSurvives(packet, role, reader.version);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      tally.refused++;
      assert.equal(reader.next(), undefined);
      assert.equal(reader.bufferedBytes, 0);
      return;
    }
  }
  assert.ok(reader.bufferedBytes <= stream.length);
  if (reader.bufferedBytes > 0) tally.incomplete++;
}

/** What was read can be written, and reads the same again. */
function assertSurvives(packet: Packet, role: Role, version: MqttVersion | undefined): void {
  assert.ok(version !== undefined);
  let bytes: Uint8Array;
  try {
    bytes = encodePacket(packet, version);
  } catch (error) {
    assert.fail(`${JSON.stringify(packet)} cannot be written: ${String(error)}`);
  }
  assert.equal(packetSize(packet, version), bytes.length);
  const reader = readerFor(role, version, packet.type === PacketType.connect);
  reader.push(bytes);
  let again: Packet | undefined;
  try {
    again = reader.next();
  } catch (error) {
    assert.fail(`${JSON.stringify(packet)} cannot be read again: ${String(error)}`);
  }
  assert.deepEqual(withoutUndefined(again), withoutUndefined(packet));
}

v8.setFlagsFromString('--expose-gc');
const collectGarbage: unknown = vm.runInNewContext('gc');

function memoryBytes(): number {
  assert.ok(typeof collectGarbage === 'function');
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

for (const version of [3, 4, 5] as const) {
  const random = new Random(seed + version);
  test(`version ${version}: ${packetsPerVersion} damaged packets give only protocol errors (LINNET_FUZZ_SEED=${seed})`, (context) => {
    const perRole = packetsPerVersion / 2;
    // The first tenth warms up what is compiled and cached.
    fuzz('server', version, perRole * 0.1, random);
    fuzz('client', version, perRole * 0.1, random);
    const before = memoryBytes();
    const tallies = [
      fuzz('server', version, perRole * 0.9, random),
      fuzz('client', version, perRole * 0.9, random),
    ];
    const grown = memoryBytes() - before;
    assert.ok(grown < 4 * 1024 * 1024, `Memory grew by ${grown} bytes`);
    for (const { read, refused, incomplete } of tallies) {
      context.diagnostic(`${read} packets read, ${refused} streams refused, ${incomplete} cut off`);
      // Otherwise the damage would not show anything.
      assert.ok(read > perRole * 0.1 && refused > perRole * 0.1);
    }
    context.diagnostic(`memory grew by ${Math.round(grown / 1024)} KiB`);
  });
}
