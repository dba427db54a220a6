import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodePacket,
  NotMqttError,
  ownPayloadBytesMin,
  type Packet,
  PacketReader,
  PacketType,
  ProtocolError,
  type PublishPacket,
  UnsupportedVersionError,
} from './index.ts';
import { parseBytes } from './packets.test-kit.ts';

function refusal(reader: PacketReader<'server'> | PacketReader<'client'>): ProtocolError {
  try {
    while (reader.next() !== undefined);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return error;
  }
  assert.fail('nothing was refused');
}

function server(...chunks: Uint8Array[]): PacketReader<'server'> {
  const reader = new PacketReader({ role: 'server' });
  for (const chunk of chunks) reader.push(chunk);
  return reader;
}

function publish(payload: Uint8Array, topicName = 'a'): Uint8Array {
  const packet: PublishPacket = {
    type: PacketType.publish,
    topicName,
    payload,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
  };
  return encodePacket(packet, 4);
}

function payloadOf(packet: Packet | undefined): Uint8Array {
  assert.equal(packet?.type, PacketType.publish);
  return packet.payload;
}

const notConnects: readonly (readonly [what: string, bytes: string])[] = [
  ['a PUBLISH', "30 ~ 'a' 00"],
  ['a PINGREQ', 'c0 00'],
  ['a DISCONNECT', 'e0 00'],
  ['an AUTH', 'f0 00'],
  ['a packet of the type 0', '00 00'],
  ['an HTTP request', '"GET / HTTP/1.1"'],
  ['a TLS ClientHello', '160301 0200 0100'],
  ['a CONNECT with reserved flags', "11 ~ 'MQTT' 05 02 003c {} 'a'"],
];
for (const [what, bytes] of notConnects) {
  test(`[MQTT-3.1.0-1] [MQTT3-3.1.0-1] ${what} instead of CONNECT is known from its first byte`, () => {
    const reader = server(parseBytes(bytes).subarray(0, 1));
    const error = refusal(reader);
    assert.ok(error instanceof NotMqttError);
    assert.equal(error.reasonCode, 0x81);
    assert.equal(reader.version, undefined);
  });
}

test('[MQTT-3.1.2-1] [MQTT3-3.1.2-1] an unknown protocol name leaves no version to answer in', () => {
  const reader = server(parseBytes("10 ~ 'AMQP' 05 02 003c {} 'a'"));
  assert.ok(refusal(reader) instanceof NotMqttError);
  assert.equal(reader.version, undefined);
});

const unsupported = [
  ['MQTT', 6, 5, "10 ~ 'MQTT' 06 02 003c {} 'a'"],
  ['MQTT', 0x85, 5, "10 ~ 'MQTT' 85 02 003c {} 'a'"],
  ['MQTT', 3, 4, "10 ~ 'MQTT' 03 02 003c 'a'"],
  ['MQIsdp', 4, 4, "10 ~ 'MQIsdp' 04 02 003c 'a'"],
  ['MQIsdp', 5, 4, "10 ~ 'MQIsdp' 05 02 003c 'a'"],
] as const;
for (const [name, version, answerVersion, bytes] of unsupported) {
  test(`[MQTT-3.1.2-2] [MQTT3-3.1.2-2] ${name} ${version} can be told so in version ${answerVersion}`, () => {
    const reader = server(parseBytes(bytes));
    const error = refusal(reader);
    assert.ok(error instanceof UnsupportedVersionError);
    assert.equal(error.reasonCode, 0x84);
    assert.equal(error.protocolName, name);
    assert.equal(error.protocolVersion, version);
    assert.equal(error.answerVersion, answerVersion);
    assert.equal(reader.version, answerVersion);
  });
}

test('[MQTT-3.1.4-1] an error behind the Protocol Version leaves the version to answer in', () => {
  const reader = server(parseBytes("10 ~ 'MQTT' 05 03 003c {} 'a'"));
  assert.equal(refusal(reader).reasonCode, 0x81);
  assert.equal(reader.version, 5);
});

test('[MQTT-3.1.0-2] [MQTT3-3.1.0-2] a second CONNECT is refused, the first was read', () => {
  const connect = parseBytes("10 ~ 'MQTT' 04 02 003c 'a'");
  const reader = server(connect, connect);
  assert.equal(reader.next()?.type, PacketType.connect);
  assert.equal(refusal(reader).reasonCode, 0x82);
});

test('a client that does not name its version is a bug', () => {
  assert.throws(() => new PacketReader({ role: 'client' }), /needs the version/);
});

test('a packet above the maximum is refused as soon as its fixed header is there', () => {
  const reader = new PacketReader({ role: 'server', version: 5, maximumPacketSize: 100 });
  reader.push(parseBytes('30 62'));
  assert.equal(reader.next(), undefined);
  reader.push(new Uint8Array(98).fill(0).with(1, 1).with(2, 0x61));
  assert.equal(reader.next()?.type, PacketType.publish);
  reader.push(parseBytes('30 63'));
  const error = refusal(reader);
  assert.equal(error.reasonCode, 0x95);
  assert.match(error.message, /PUBLISH has 101 bytes; the maximum is 100/);
});

test('a CONNECT above the maximum is refused too', () => {
  const reader = new PacketReader({ role: 'server', maximumPacketSize: 16 });
  reader.push(parseBytes('10 20'));
  assert.equal(refusal(reader).reasonCode, 0x95);
});

test('the maximum may change between packets', () => {
  const reader = new PacketReader({ role: 'client', version: 4 });
  const bytes = publish(new Uint8Array(50));
  reader.push(bytes);
  assert.equal(reader.next()?.type, PacketType.publish);
  reader.maximumPacketSize = 20;
  reader.push(bytes);
  assert.equal(refusal(reader).reasonCode, 0x95);
});

test('a fifth byte of Remaining Length is refused before it arrives', () => {
  const reader = new PacketReader({ role: 'server', version: 4 });
  reader.push(parseBytes('30 ffffff'));
  assert.equal(reader.next(), undefined);
  reader.push(parseBytes('ff'));
  assert.equal(refusal(reader).reasonCode, 0x81);
});

test('the payload is a view into the chunk when the packet lies in it', () => {
  const packet = publish(parseBytes('"payload"'));
  const chunk = Uint8Array.from([...packet, ...packet]);
  const reader = new PacketReader({ role: 'server', version: 4 });
  reader.push(chunk);
  for (const _ of [1, 2]) assert.equal(payloadOf(reader.next()).buffer, chunk.buffer);
});

test('the payload is a plain Uint8Array also where the chunk is a subclass of it', () => {
  const reader = new PacketReader({ role: 'server', version: 4 });
  reader.push(Buffer.from(publish(parseBytes('"payload"'))));
  assert.equal(Object.getPrototypeOf(payloadOf(reader.next())), Uint8Array.prototype);
});

test('only the packet that spans two chunks is copied, and its view stays when the next one spans too', () => {
  const packet = publish(parseBytes('"payload"'));
  const stream = Uint8Array.from([...packet, ...packet, ...packet]);
  const reader = new PacketReader({ role: 'server', version: 4 });
  const first = stream.slice(0, packet.length + 4);
  const second = stream.slice(packet.length + 4, packet.length * 2 + 4);
  const third = stream.slice(packet.length * 2 + 4);
  reader.push(first);
  assert.equal(payloadOf(reader.next()).buffer, first.buffer);
  assert.equal(reader.next(), undefined);
  reader.push(second);
  const spanning = payloadOf(reader.next());
  assert.equal(reader.next(), undefined);
  reader.push(third);
  const alsoSpanning = payloadOf(reader.next());
  assert.notEqual(spanning.buffer, second.buffer);
  assert.notEqual(spanning.buffer, alsoSpanning.buffer);
  assert.deepEqual(spanning, parseBytes('"payload"'));
  assert.deepEqual(alsoSpanning, parseBytes('"payload"'));
});

test('what was not read of a chunk that is given back is kept, in every cut', () => {
  const packet = publish(parseBytes('"payload"'));
  const stream = Uint8Array.from([...packet, ...packet, ...packet]);
  for (let cut = 1; cut < stream.length; cut++) {
    for (const readsBefore of [0, 1, 3]) {
      const reader = new PacketReader({ role: 'server', version: 4 });
      const payloads: Uint8Array[] = [];
      const read = (count: number): void => {
        for (let left = count; left > 0; left--) {
          const next = reader.next();
          if (next !== undefined) payloads.push(Uint8Array.from(payloadOf(next)));
        }
      };
      for (const part of [stream.slice(0, cut), stream.slice(cut)]) {
        reader.push(part);
        read(readsBefore);
        reader.giveBack();
        part.fill(0xee);
      }
      read(3);
      assert.deepEqual(payloads, Array(3).fill(parseBytes('"payload"')));
    }
  }
});

test('a large payload lies in a buffer of its own, whether its packet came in one chunk or in two', () => {
  const payload = new Uint8Array(ownPayloadBytesMin).fill(0x61);
  const packet = publish(payload);
  for (const cut of [0, 1, 100]) {
    const reader = new PacketReader({ role: 'server', version: 4 });
    const chunks = [packet.slice(0, cut), packet.slice(cut)];
    for (const chunk of chunks) reader.push(chunk);
    const own = payloadOf(reader.next());
    reader.giveBack();
    for (const chunk of chunks) chunk.fill(0xee);
    assert.deepEqual(own, payload);
  }
});

test('Topic Names come right however they follow each other', () => {
  const long = 'l'.repeat(200);
  const names = ['a/1', 'a/1', 'a/2', 'b/2', 'a/22', 'a/2', 'ü/2', 'ü/2', 'Ã¼/2', long, long, 'a'];
  const reader = new PacketReader({ role: 'server', version: 4 });
  for (const first of names) {
    for (const second of names) {
      for (const topicName of [first, first, second, first]) {
        reader.push(publish(parseBytes('01'), topicName));
        const packet = reader.next();
        assert.ok(packet?.type === PacketType.publish);
        assert.equal(packet.topicName, topicName);
      }
    }
  }
});

test('nothing is allocated for an announced length before the bytes are there', () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers: PacketReader[] = [];
  for (let count = 0; count < 1000; count++) {
    const reader = new PacketReader({ role: 'server', version: 5 });
    // 256 MiB are announced each time.
    reader.push(parseBytes("30 ffffff7f 'a' 00"));
    assert.equal(reader.next(), undefined);
    readers.push(reader);
  }
  assert.equal(readers.length, 1000);
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
});

test('a packet of 4 MiB in chunks of one byte moves each byte a few times, not thousands of times', () => {
  const payload = new Uint8Array(4 * 1024 * 1024).fill(0x61);
  const packet = publish(payload);
  const reader = new PacketReader({ role: 'server', version: 4 });
  const started = performance.now();
  let received: Packet | undefined;
  for (let at = 0; at < packet.length; at++) {
    reader.push(packet.subarray(at, at + 1));
    received = reader.next();
  }
  // Quadratic would take many minutes.
  assert.ok(performance.now() - started < 10_000);
  assert.deepEqual(payloadOf(received), payload);
});

test('chunks pushed before the earlier ones were read wait in order', () => {
  const reader = new PacketReader({ role: 'server', version: 4 });
  const packets = Array.from({ length: 5000 }, (_, index) => publish(Uint8Array.of(index & 0xff)));
  for (const packet of packets) reader.push(packet);
  assert.equal(
    reader.bufferedBytes,
    packets.reduce((sum, packet) => sum + packet.length, 0),
  );
  for (let index = 0; index < packets.length; index++) {
    assert.deepEqual(payloadOf(reader.next()), Uint8Array.of(index & 0xff));
    // Some arrive while others wait.
    if (index < 100) reader.push(publish(Uint8Array.of((5000 + index) & 0xff)));
  }
  for (let index = 0; index < 100; index++) {
    assert.deepEqual(payloadOf(reader.next()), Uint8Array.of((5000 + index) & 0xff));
  }
  assert.equal(reader.next(), undefined);
  assert.equal(reader.bufferedBytes, 0);
});

test('an empty chunk changes nothing', () => {
  const reader = new PacketReader({ role: 'server', version: 4 });
  reader.push(new Uint8Array(0));
  assert.equal(reader.next(), undefined);
  reader.push(parseBytes('c0'));
  reader.push(new Uint8Array(0));
  reader.push(parseBytes('00'));
  assert.equal(reader.next()?.type, PacketType.pingreq);
});
