import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AcknowledgementPacket,
  type ClientPacket,
  type ConnectPacket,
  PacketType,
  ProtocolError,
  packetSize,
  type QoS,
  ReasonCode,
  type ServerPacket,
} from '../packet/index.ts';
import { Connection } from './connection.ts';
import type { ConnectionHost, PacketOutput, PublishOutcome } from './connection-host.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { Delivery } from './delivery.ts';
import { delivery, quietSession } from './session.test-kit.ts';
import type { Session } from './session.ts';

const settings: ConnectionSettings = {
  inflightMessagesMax: 3,
  receiveMaximumMode: 'strict',
  packetBytesMax: 268_435_455,
  topicAliasMaximum: 5,
  serverKeepAlive: 0,
};

const success: PublishOutcome = {
  reasonCode: ReasonCode.success,
  reasonString: undefined,
  lsn: 0,
};

/** Writes down every call, one word or line each. */
class RecorderHost implements ConnectionHost, PacketOutput {
  readonly calls: string[] = [];
  durable = 0;
  isCongested = false;
  /** What `publishReceived` answers; undefined: the answer comes later. */
  outcome: PublishOutcome | undefined = success;
  unreleasedLsn = 0;
  /** How often an answer had to wait. */
  waits = 0;

  take(): string[] {
    return this.calls.splice(0);
  }
  send(packet: ServerPacket): void {
    this.calls.push(`send ${describe(packet)}`);
  }
  sendDelivery(_delivery: Delivery, _version: number, packetId: number, dup: boolean): void {
    this.calls.push(`send publish ${packetId}${dup ? ' dup' : ''}`);
  }
  sendAcknowledgement(
    type: AcknowledgementPacket['type'],
    _version: number,
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    this.send({ type, packetId, reasonCode, properties: undefined });
  }
  answerWaits(): void {
    this.waits++;
  }
  sendShared(): void {
    this.calls.push('send shared');
  }
  packetSize(packet: ServerPacket): number {
    return packetSize(packet, 5);
  }
  opened(): void {
    this.calls.push('opened');
  }
  connectReceived(packet: ConnectPacket): void {
    this.calls.push(`connect ${packet.clientId}`);
  }
  authReceived(): void {
    this.calls.push('auth');
  }
  publishReceived(_packet: unknown, topicName: string): PublishOutcome | undefined {
    this.calls.push(`publish ${topicName}`);
    return this.outcome;
  }
  subscribeReceived(): void {
    this.calls.push('subscribe');
  }
  unsubscribeReceived(): void {
    this.calls.push('unsubscribe');
  }
  disconnectReceived(): void {
    this.calls.push('disconnect');
  }
  unreleasedChanged(packetId: number, held: boolean): number {
    this.calls.push(`${held ? 'holds' : 'releases'} ${packetId}`);
    return this.unreleasedLsn;
  }
  receiveMaximumExceeded(): void {
    this.calls.push('receive maximum exceeded');
  }
}

const names = Object.fromEntries(Object.entries(PacketType).map(([name, type]) => [type, name]));

function describe(packet: ServerPacket): string {
  const parts = [names[packet.type]];
  if ('packetId' in packet) parts.push(`${packet.packetId}`);
  if ('reasonCode' in packet && packet.reasonCode !== 0) {
    parts.push(`0x${packet.reasonCode.toString(16)}`);
  }
  return parts.join(' ');
}

function connectPacket(fields: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
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
    ...fields,
  };
}

function publish(packetId: number, qos: QoS, alias?: number, topicName = 't'): ClientPacket {
  const properties = alias === undefined ? undefined : { topicAlias: alias };
  const payload = new Uint8Array(1);
  return {
    type: PacketType.publish,
    topicName,
    payload,
    qos,
    retain: false,
    dup: false,
    packetId,
    properties,
  };
}

const pubrel = (packetId: number): ClientPacket => {
  return { type: PacketType.pubrel, packetId, reasonCode: 0, properties: undefined };
};

function open(
  fields: Partial<ConnectPacket> = {},
  changes: Partial<ConnectionSettings> = {},
  lsn = 0,
): { host: RecorderHost; connection: Connection; session: Session } {
  const host = new RecorderHost();
  const connection = new Connection(host, host, { ...settings, ...changes }, 0);
  const session = quietSession();
  connection.receive(connectPacket(fields), 0);
  connection.accept({
    session,
    sessionPresent: false,
    assignedClientId: undefined,
    responseInformation: undefined,
    authenticationData: undefined,
    lsn,
  });
  if (lsn === 0) host.take();
  return { host, connection, session };
}

const isError = (reasonCode: ReasonCode) => (error: unknown) =>
  error instanceof ProtocolError && error.reasonCode === reasonCode;

test('[MQTT-3.1.0-1] [MQTT-3.1.0-2] CONNECT comes first, and once', () => {
  const host = new RecorderHost();
  const early = new Connection(host, host, settings, 0);
  assert.throws(
    () => early.receive({ type: PacketType.pingreq }, 0),
    isError(ReasonCode.protocolError),
  );
  assert.deepEqual(host.calls, []);
  const { connection } = open();
  assert.throws(() => connection.receive(connectPacket(), 0), isError(ReasonCode.protocolError));
});

test('CONNACK goes out before anything else, then the Session is attached and the host may pump', () => {
  const { host, connection, session } = open({}, {}, 7);
  assert.equal(connection.isOpen, false);
  session.outbound.deliver(delivery('x', 1), 0);
  assert.deepEqual(host.take(), ['connect c']);
  connection.flushAnswers(6);
  assert.deepEqual(host.take(), []);
  connection.flushAnswers(7);
  assert.deepEqual(host.take(), ['send connack', 'opened']);
  assert.equal(connection.isOpen, true);
  session.outbound.pump(0);
  assert.deepEqual(host.take(), ['send publish 1']);
});

test('[MQTT-4.6.0-2] acknowledgements wait for the store, in the order of what they answer', () => {
  const { host, connection } = open();
  host.outcome = { ...success, lsn: 10 };
  connection.receive(publish(1, 1), 0);
  host.outcome = { ...success, lsn: 5 };
  connection.receive(publish(2, 1), 0);
  host.outcome = success;
  connection.receive(publish(3, 1), 0);
  assert.deepEqual(host.take(), ['publish t', 'publish t', 'publish t']);
  host.durable = 5;
  connection.flushAnswers(5);
  assert.deepEqual(host.take(), []);
  host.durable = 10;
  connection.flushAnswers(10);
  assert.deepEqual(host.take(), ['send puback 1', 'send puback 2', 'send puback 3']);
});

test('[MQTT-4.3.3-10] a QoS 2 identifier that is held is acknowledged and not published again', () => {
  const { host, connection, session } = open();
  connection.receive(publish(1, 2), 0);
  connection.receive(publish(1, 2), 0);
  assert.deepEqual(host.take(), ['publish t', 'holds 1', 'send pubrec 1', 'send pubrec 1']);
  connection.receive(pubrel(1), 0);
  connection.receive(pubrel(1), 0);
  assert.deepEqual(host.take(), ['releases 1', 'send pubcomp 1', 'send pubcomp 1 0x92']);
  assert.equal(session.unreleased.size, 0);
  connection.receive(publish(1, 2), 0);
  assert.deepEqual(host.take(), ['publish t', 'holds 1', 'send pubrec 1']);
});

test('PUBREC waits until the identifier is safe, not only the message', () => {
  const { host, connection } = open();
  host.outcome = { ...success, lsn: 1 };
  host.unreleasedLsn = 2;
  host.durable = 1;
  connection.receive(publish(1, 2), 0);
  assert.deepEqual(host.take(), ['publish t', 'holds 1']);
  connection.flushAnswers(2);
  assert.deepEqual(host.take(), ['send pubrec 1']);
});

test('[MQTT-3.3.4-9] one PUBLISH more than the Receive Maximum is 0x93; finished ones do not count', () => {
  const { host, connection } = open();
  for (const id of [1, 2, 3]) connection.receive(publish(id, 2), 0);
  connection.receive(publish(1, 2), 0);
  connection.receive(pubrel(2), 0);
  connection.receive(publish(4, 2), 0);
  assert.throws(
    () => connection.receive(publish(5, 1), 0),
    isError(ReasonCode.receiveMaximumExceeded),
  );
  connection.receive(publish(0, 0), 0);
  assert.equal(host.take().filter((call) => call.startsWith('publish')).length, 5);
});

test('a listener that only warns takes what exceeds the Receive Maximum', () => {
  const { host, connection } = open({}, { receiveMaximumMode: 'warn' });
  for (const id of [1, 2, 3, 4]) connection.receive(publish(id, 2), 0);
  const calls = host.take();
  assert.equal(calls.filter((call) => call === 'receive maximum exceeded').length, 1);
  assert.equal(calls.filter((call) => call === 'publish t').length, 4);
});

test('a PUBLISH whose answer comes late is finished with it, and not after the end', () => {
  const { host, connection, session } = open();
  host.outcome = undefined;
  connection.receive(publish(1, 2), 0);
  assert.deepEqual(host.take(), ['publish t']);
  connection.publishCompleted(success);
  assert.deepEqual(host.take(), ['holds 1', 'send pubrec 1']);
  connection.receive(publish(2, 2), 0);
  connection.closed();
  connection.publishCompleted(success);
  assert.deepEqual(host.take(), ['publish t']);
  assert.deepEqual([...session.unreleased], [1]);
});

test('a Topic Alias is resolved before the host is asked', () => {
  const { host, connection } = open();
  connection.receive(publish(0, 0, 2, 'a/b'), 0);
  connection.receive(publish(0, 0, 2, ''), 0);
  assert.deepEqual(host.take(), ['publish a/b', 'publish a/b']);
  assert.throws(
    () => connection.receive(publish(0, 0, 6, 'c'), 0),
    isError(ReasonCode.topicAliasInvalid),
  );
});

test('[MQTT-3.12.4-1] PINGREQ is answered at once, also while answers wait for the store', () => {
  const { host, connection } = open();
  host.outcome = { ...success, lsn: 10 };
  connection.receive(publish(1, 1), 0);
  connection.receive({ type: PacketType.pingreq }, 0);
  assert.deepEqual(host.take(), ['publish t', 'send pingresp']);
});

test('a connection that is over sends nothing more and takes nothing in', () => {
  const { host, connection } = open();
  host.outcome = { ...success, lsn: 10 };
  connection.receive(publish(1, 1), 0);
  connection.close(ReasonCode.serverShuttingDown);
  assert.deepEqual(host.take(), ['publish t', 'send disconnect 0x8b']);
  connection.flushAnswers(10);
  connection.receive(publish(2, 1), 0);
  connection.close(ReasonCode.serverShuttingDown);
  assert.deepEqual(host.take(), []);
});

test('[MQTT-3.1.4-2] a refusal is answered with CONNACK, in 3.x as well', () => {
  for (const protocolVersion of [3, 4, 5] as const) {
    const host = new RecorderHost();
    const connection = new Connection(host, host, settings, 0);
    connection.receive(connectPacket({ protocolVersion }), 0);
    connection.refuse({
      reasonCode: ReasonCode.notAuthorized,
      reasonString: undefined,
      serverReference: undefined,
    });
    assert.deepEqual(host.take(), ['connect c', 'send connack 0x87']);
    assert.equal(connection.state, 'closed');
  }
});
