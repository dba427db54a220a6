/** Malformed Packets, Protocol Errors and worse (4.13; 3.1.1: 4.8): one connection ends, nothing else happens. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketType, ReasonCode } from '../../src/packet/index.ts';
import { parseBytes, refusedPackets } from '../../src/packet/packets.test-kit.ts';
import { TestBroker, type TestClient } from '../../src/testing/index.ts';
import { connected, forEachVersion, takeBytes } from './each-version.ts';
import { FactRecorder } from './fact-recorder.ts';

const bad = refusedPackets.filter(({ from }) => from !== 'server');
const isConnect = ({ bytes, name }: (typeof bad)[number]) =>
  bytes.startsWith('10') && !name.includes('second CONNECT');

interface Scene {
  readonly broker: TestBroker;
  readonly facts: FactRecorder;
  readonly witness: TestClient;
}

/** A broker with one client that must not notice anything. */
function scene(): Scene {
  const facts = new FactRecorder();
  const broker = new TestBroker({ plugins: [facts] });
  const witness = connected(broker, { clientId: 'witness' });
  witness.subscribe('#');
  return { broker, facts, witness };
}

function assertUnharmed({ broker, facts, witness }: Scene, what: string): void {
  witness.ping();
  assert.deepEqual(witness.inbox, [], what);
  assert.equal(broker.broker.gauges().clientsConnected, 1, what);
  assert.equal(broker.broker.gauges().sessions, 1, what);
  assert.deepEqual(facts.errors, [], what);
}

describe('a bad packet', () => {
  forEachVersion(
    '[MQTT-4.13.1-1] [MQTT3-4.8.0-1] ends its connection with the code it deserves, and nothing else happens',
    (version) => {
      let count = 0;
      for (const row of bad) {
        if (isConnect(row) || !row.versions.includes(version)) continue;
        count++;
        const here = scene();
        const client = connected(here.broker, { clientId: 'c', protocolVersion: version });
        takeBytes(client);
        // A good packet before and one behind it: the first counts, the second does not.
        client.sendBytes(
          Uint8Array.of(0xc0, 0, ...parseBytes(row.bytes), ...parseBytes("30 ~ 'late' 00")),
        );
        client.take(PacketType.pingresp);
        assert.equal(client.state, 'ended', row.name);
        if (version === 5) {
          assert.equal(client.take(PacketType.disconnect).reasonCode, row.reasonCode, row.name);
        }
        assert.deepEqual(client.inbox, [], row.name);
        const [end] = here.facts.disconnects;
        assert.deepEqual([end?.clientId, end?.cause], ['c', 'protocol-error'], row.name);
        assert.equal(end?.reasonCode, row.reasonCode, row.name);
        assertUnharmed(here, row.name);
      }
      assert.ok(count > 30, `only ${count} packets were tried`);
    },
  );

  forEachVersion(
    '[MQTT-4.13.1-1] [MQTT-4.13.2-1] instead of a CONNECT closes the connection; 5.0 is told by CONNACK',
    (version) => {
      for (const row of bad) {
        if (!isConnect(row) || !row.versions.includes(version)) continue;
        const here = scene();
        const client = here.broker.open();
        client.version = version;
        client.sendBytes(Uint8Array.of(...parseBytes(row.bytes), 0xc0, 0));
        assert.equal(client.state, 'ended', row.name);
        const [connack, ...more] = client.inbox;
        assert.deepEqual(more, [], row.name);
        if (connack !== undefined) {
          assert.equal(connack.type, PacketType.connack);
          assert.equal(client.take(PacketType.connack).reasonCode, row.reasonCode, row.name);
        }
        assert.equal(here.facts.refusals.length, 1, row.name);
        assertUnharmed(here, row.name);
      }
    },
  );

  test('does the same in pieces of one byte', () => {
    for (const row of bad) {
      if (isConnect(row) || !row.versions.includes(5)) continue;
      const here = scene();
      const client = connected(here.broker, { clientId: 'c' });
      for (const byte of parseBytes(row.bytes)) client.sendBytes(Uint8Array.of(byte));
      assert.equal(client.take(PacketType.disconnect).reasonCode, row.reasonCode, row.name);
      assertUnharmed(here, row.name);
    }
  });
});

describe('what a client may not send', () => {
  const serverOnly = [
    ['CONNACK', '20 02 0000'],
    ['SUBACK', '90 03 0001 00'],
    ['UNSUBACK', 'b0 02 0001'],
    ['PINGRESP', 'd0 00'],
  ] as const;
  for (const [name, bytes] of serverOnly) {
    forEachVersion(`${name} is a Protocol Error`, (version) => {
      const here = scene();
      const client = connected(here.broker, { clientId: 'c', protocolVersion: version });
      client.sendBytes(parseBytes(bytes));
      assert.equal(client.state, 'ended');
      assert.equal(here.facts.disconnects[0]?.reasonCode, ReasonCode.protocolError);
      assertUnharmed(here, name);
    });
  }

  const forbidden = {
    'PUBACK with a Topic Alias': '40 ~ 0001 00 { 23 0001 }',
    'PUBREC with a Message Expiry Interval': '50 ~ 0001 00 { 02 00000001 }',
    'PUBREL with a Subscription Identifier': '62 ~ 0001 00 { 0b 01 }',
    'PUBCOMP with a Receive Maximum': '70 ~ 0001 00 { 21 0001 }',
    'two Reason Strings in PUBACK': "40 ~ 0001 00 { 1f 'a' 1f 'b' }",
  };
  for (const [what, bytes] of Object.entries(forbidden)) {
    test(`[MQTT-4.13.1-1] ${what} ends the connection`, () => {
      const here = scene();
      const client = connected(here.broker, { clientId: 'c' });
      client.sendBytes(parseBytes(bytes));
      const { reasonCode } = client.take(PacketType.disconnect);
      assert.ok(
        reasonCode === ReasonCode.malformedPacket || reasonCode === ReasonCode.protocolError,
      );
      assertUnharmed(here, what);
    });
  }

  for (const [name, type] of [
    ['PUBACK', '40'],
    ['PUBREC', '50'],
    ['PUBREL', '62'],
    ['PUBCOMP', '70'],
  ] as const) {
    forEachVersion(`the Packet Identifier 0 in ${name} ends the connection`, (version) => {
      const here = scene();
      const client = connected(here.broker, { clientId: 'c', protocolVersion: version });
      client.sendBytes(parseBytes(`${type} 02 0000`));
      assert.equal(client.state, 'ended');
      assertUnharmed(here, name);
    });
  }
});

describe('the stream of bytes', () => {
  forEachVersion('may be cut anywhere: byte by byte it means the same', (version) => {
    const streams = [1, Number.MAX_SAFE_INTEGER].map((size) => {
      const broker = new TestBroker();
      const client = connected(broker, { clientId: 'c', protocolVersion: version });
      client.subscribe('t');
      takeBytes(client);
      const end = version === 5 ? ' 00' : '';
      const stream = parseBytes(
        `32 ~ 't' 0001${end} "one" c0 00`.replace('~', version === 5 ? '09' : '08') +
          ` 34 ${version === 5 ? '09' : '08'} 't' 0002${end} "two" 62 02 0002 c0 00`,
      );
      for (let at = 0; at < stream.length; at += size)
        client.sendBytes(stream.subarray(at, at + size));
      assert.equal(client.state, 'open');
      client.inbox.sort((a, b) => a.type - b.type);
      return client.inbox;
    });
    assert.deepEqual(streams[0], streams[1]);
    assert.equal(streams[0]?.length, 7);
  });

  forEachVersion('may bring a thousand packets at once', (version) => {
    const broker = new TestBroker({ settings: { limits: { queuedMessagesMax: 0 } } });
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    client.subscribe('t');
    const one = parseBytes(version === 5 ? "32 ~ 't' 0001 00" : "32 ~ 't' 0001");
    const chunk = new Uint8Array(one.length * 1000);
    for (let i = 0; i < 1000; i++) chunk.set(one, i * one.length);
    client.sendBytes(chunk);
    assert.equal(client.inbox.filter(({ type }) => type === PacketType.puback).length, 1000);
  });

  forEachVersion('allocates nothing for a length that is only announced', (version) => {
    const broker = new TestBroker();
    const clients = Array.from({ length: 100 }, (_, i) =>
      connected(broker, { clientId: `c${i}`, protocolVersion: version }),
    );
    const before = process.memoryUsage();
    for (const client of clients) client.sendBytes(parseBytes('30 f0ffff7f 0001'));
    const after = process.memoryUsage();
    const grown = after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed;
    assert.ok(grown < 50_000_000, `${grown} bytes for 100 announcements of 256 MiB`);
    assert.ok(clients.every((client) => client.state === 'open'));
  });
});
