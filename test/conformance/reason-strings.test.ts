/**
 * Reason String and User Properties in what the broker sends: left out where the client does not want
 * them (3.1.2.11.7) and where they would make the packet too large for it. Shown on a bare Connection,
 * because the broker itself gives few packets a reason.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BrokerPlugin } from '../../src/broker/index.ts';
import {
  type AcknowledgementPacket,
  encodePacket,
  PacketType,
  packetSize,
  ReasonCode,
  type ReasonProperties,
  type ServerPacket,
} from '../../src/packet/index.ts';
import {
  Connection,
  type ConnectionHost,
  OutboundFlow,
  type PacketOutput,
  QueueTotals,
  Session,
} from '../../src/session/index.ts';
import { TestBroker } from '../../src/testing/index.ts';
import { connected } from './each-version.ts';

/** Writes down what a Connection sends. */
class RecordingHost implements ConnectionHost, PacketOutput {
  readonly sent: ServerPacket[] = [];
  readonly isCongested = false;
  readonly durable = 0;
  send(packet: ServerPacket): void {
    this.sent.push(packet);
  }
  sendDelivery(): void {
    throw new Error('no message is published here');
  }
  sendAcknowledgement(
    type: AcknowledgementPacket['type'],
    _version: number,
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    this.send({ type, packetId, reasonCode, properties: undefined });
  }
  answerWaits(): void {}
  sendShared(): void {
    throw new Error('no message is published here');
  }
  packetSize(packet: ServerPacket): number {
    return packetSize(packet, 5);
  }
  opened(): void {}
  connectReceived(): void {}
  authReceived(): void {}
  publishReceived(): undefined {}
  subscribeReceived(): void {}
  unsubscribeReceived(): void {}
  disconnectReceived(): void {}
  unreleasedChanged(): number {
    return 0;
  }
  receiveMaximumExceeded(): void {}
}

const settings = {
  inflightMessagesMax: 20,
  receiveMaximumMode: 'strict',
  packetBytesMax: 268_435_455,
  topicAliasMaximum: 0,
  serverKeepAlive: 0,
} as const;

function session(): Session {
  const ignore = (): void => undefined;
  const observer = {
    dropped: ignore,
    delivered: () => 0,
    settled: ignore,
    released: () => 0,
    overflowDisconnect: ignore,
  };
  const limits = {
    messagesMax: Infinity,
    bytesMax: Infinity,
    queueQoS0Offline: false,
    overflowFor: () => 'drop-oldest' as const,
  };
  return new Session('c', 1, 5, () => new OutboundFlow(observer, limits, new QueueTotals()));
}

/** A Connection that got its CONNECT. */
function connecting(maximumPacketSize: number, requestProblemInformation: boolean) {
  const host = new RecordingHost();
  const connection = new Connection(host, host, settings, 0);
  const properties = { maximumPacketSize, requestProblemInformation };
  connection.receive(
    {
      type: PacketType.connect,
      protocolVersion: 5,
      isBridge: false,
      clientId: 'c',
      cleanStart: true,
      keepAlive: 0,
      username: undefined,
      password: undefined,
      will: undefined,
      properties,
    },
    0,
  );
  return { host, connection };
}

function open(maximumPacketSize: number, requestProblemInformation: boolean) {
  const made = connecting(maximumPacketSize, requestProblemInformation);
  made.connection.accept({
    session: session(),
    sessionPresent: false,
    assignedClientId: undefined,
    responseInformation: undefined,
    authenticationData: undefined,
    lsn: 0,
  });
  assert.equal(made.host.sent.shift()?.type, PacketType.connack);
  return made;
}

const reasonString = 'because '.repeat(10);
const reason = { reasonString, userProperties: [['hint', 'x'.repeat(50)]] } as const;

function assertSame(actual: ServerPacket | undefined, expected: ServerPacket): void {
  assert.ok(actual);
  assert.deepEqual(encodePacket(actual, 5), encodePacket(expected, 5));
}

/** Answers with the packet: with room for it, without, and for a client that wants no reasons. */
function assertTrimmed(packet: ServerPacket & { readonly properties: ReasonProperties }): void {
  const properties = { ...packet.properties, reasonString: undefined, userProperties: undefined };
  const bare = { ...packet, properties } as ServerPacket;
  const bytes = packetSize(packet, 5);
  for (const [maximum, wantsReasons, expected] of [
    [bytes, true, packet],
    [bytes - 1, true, bare],
    [bytes, false, bare],
  ] as const) {
    const { host, connection } = open(maximum, wantsReasons);
    connection.answer(packet, 0);
    assert.equal(host.sent.length, 1);
    assertSame(host.sent[0], expected);
  }
}

describe('Reason String and User Properties are left out where they are too much', () => {
  test('[MQTT-3.4.2-2] [MQTT-3.4.2-3] of PUBACK', () => {
    assertTrimmed({ type: PacketType.puback, packetId: 1, reasonCode: 0x87, properties: reason });
  });

  test('[MQTT-3.5.2-2] [MQTT-3.5.2-3] of PUBREC', () => {
    assertTrimmed({ type: PacketType.pubrec, packetId: 1, reasonCode: 0x87, properties: reason });
  });

  test('[MQTT-3.7.2-2] [MQTT-3.7.2-3] of PUBCOMP', () => {
    assertTrimmed({ type: PacketType.pubcomp, packetId: 1, reasonCode: 0x92, properties: reason });
  });

  test('[MQTT-3.9.2-1] [MQTT-3.9.2-2] of SUBACK', () => {
    assertTrimmed({
      type: PacketType.suback,
      packetId: 1,
      reasonCodes: [0x87],
      properties: reason,
    });
  });

  test('[MQTT-3.11.2-1] [MQTT-3.11.2-2] of UNSUBACK', () => {
    assertTrimmed({
      type: PacketType.unsuback,
      packetId: 1,
      reasonCodes: [0x87],
      properties: reason,
    });
  });

  test('[MQTT-3.15.2-2] [MQTT-3.15.2-3] of AUTH, whose method and data stay', () => {
    const authenticationData = Uint8Array.of(1, 2, 3);
    const properties = { ...reason, authenticationMethod: 'M', authenticationData };
    assertTrimmed({ type: PacketType.auth, reasonCode: 0x18, properties });
  });

  test('[MQTT-3.6.2-2] [MQTT-3.6.2-3] of PUBREL, which never has any', () => {
    const broker = new TestBroker();
    const properties = { maximumPacketSize: 20 };
    const client = connected(broker, { clientId: 'c', properties });
    client.subscribe('a');
    client.publish('a', '', { qos: 2 });
    const [packet] = client.takePublishes();
    client.acknowledge(PacketType.pubrec, packet?.packetId ?? 0);
    client.acknowledge(PacketType.pubrec, 4711);
    assert.equal(client.take(PacketType.pubrel).properties, undefined);
    assert.equal(client.take(PacketType.pubrel).properties, undefined);
  });

  test('[MQTT-3.2.2-19] [MQTT-3.2.2-20] of CONNACK, but not for one that wants no reasons', () => {
    const full = {
      type: PacketType.connack,
      sessionPresent: false,
      reasonCode: ReasonCode.notAuthorized,
      properties: { reasonString },
    } as const;
    const bytes = packetSize(full, 5);
    const bare = { ...full, properties: { reasonString: undefined } };
    for (const [maximum, wantsReasons, expected] of [
      [bytes, true, full],
      [bytes, false, full],
      [bytes - 1, true, bare],
    ] as const) {
      const { host, connection } = connecting(maximum, wantsReasons);
      const { reasonCode } = full;
      connection.refuse({ reasonCode, reasonString, serverReference: undefined });
      assert.equal(host.sent.length, 1);
      assertSame(host.sent[0], expected);
    }
  });

  test('[MQTT-3.14.2-3] [MQTT-3.14.2-4] of DISCONNECT, but not for one that wants no reasons', () => {
    const reasonCode = ReasonCode.administrativeAction;
    const full = { type: PacketType.disconnect, reasonCode, properties: { reasonString } } as const;
    const bytes = packetSize(full, 5);
    const bare = { ...full, properties: { reasonString: undefined } };
    for (const [maximum, wantsReasons, expected] of [
      [bytes, true, full],
      [bytes, false, full],
      [bytes - 1, true, bare],
    ] as const) {
      const { host, connection } = open(maximum, wantsReasons);
      connection.close(reasonCode, reasonString);
      assert.equal(host.sent.length, 1);
      assertSame(host.sent[0], expected);
    }
  });
});

describe('Request Problem Information', () => {
  const acl: BrokerPlugin = {
    name: 'acl',
    authorizePublish: () => ({
      allow: false,
      reasonCode: ReasonCode.notAuthorized,
      reasonString: 'not you',
      rule: 'acl:1',
    }),
  };

  test('[MQTT-3.1.2-29] 0 keeps reasons out of everything but PUBLISH, CONNACK and DISCONNECT', () => {
    for (const [requestProblemInformation, expected] of [
      [false, undefined],
      [true, 'not you'],
      [undefined, 'not you'],
    ] as const) {
      const broker = new TestBroker({ plugins: [acl] });
      const properties = { requestProblemInformation };
      const client = connected(broker, { clientId: 'c', properties });
      client.publish('a', 'x', { qos: 1 });
      const puback = client.take(PacketType.puback);
      assert.equal(puback.reasonCode, ReasonCode.notAuthorized);
      assert.equal(puback.properties?.reasonString, expected);
      client.publish('a', 'x', { qos: 2 });
      assert.equal(client.take(PacketType.pubrec).properties?.reasonString, expected);
      client.publish('a', 'x', { properties: { topicAlias: 99 } });
      const { properties: told } = client.take(PacketType.disconnect);
      assert.match(told?.reasonString ?? '', /Topic Alias 99/);
    }
  });

  test('[MQTT-3.1.2-29] 0 leaves the User Properties of messages alone', () => {
    const broker = new TestBroker();
    const properties = { requestProblemInformation: false };
    const client = connected(broker, { clientId: 'c', properties });
    client.subscribe('a');
    client.publish('a', 'x', { properties: { userProperties: [['k', 'v']] } });
    assert.deepEqual(client.takePublishes()[0]?.properties?.userProperties, [['k', 'v']]);
  });
});
