/**
 * What the conformance tests start from: one test for every version it holds in, and clients that are
 * connected. `forEachVersion` puts the ids of both specifications into one name.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ConnectPacket,
  MqttVersion,
  PacketType,
  QoS,
  ReasonCode,
} from '../../src/packet/index.ts';
import type { TestBroker, TestClient } from '../../src/testing/index.ts';

type Run = (version: MqttVersion) => void | Promise<void>;

const versionNames = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

/** One test each for MQTT 3.1, 3.1.1 and 5.0. */
export function forEachVersion(name: string, run: Run): void {
  for (const version of [MqttVersion.v31, MqttVersion.v311, MqttVersion.v5]) {
    test(`${name} (${versionNames[version]})`, () => run(version));
  }
}

/** One test each for MQTT 3.1.1 and 5.0, where 3.1 differs. */
export function sinceV311(name: string, run: Run): void {
  for (const version of [MqttVersion.v311, MqttVersion.v5]) {
    test(`${name} (${versionNames[version]})`, () => run(version));
  }
}

/** One test each for MQTT 3.1 and 3.1.1. */
export function forV3(name: string, run: Run): void {
  for (const version of [MqttVersion.v31, MqttVersion.v311]) {
    test(`${name} (${versionNames[version]})`, () => run(version));
  }
}

type Fields = Partial<ConnectPacket> & { readonly clientId: string };

/** A client that the broker took. */
export function connected(broker: TestBroker, fields: Fields): TestClient {
  const client = broker.open();
  assert.equal(client.connect(fields).reasonCode, ReasonCode.success);
  return client;
}

/** CONNECT fields of a Session that outlives its connection, in any version. */
export function lasting(version: MqttVersion, clientId: string, seconds = 1000): Fields {
  return {
    clientId,
    protocolVersion: version,
    cleanStart: false,
    ...(version === MqttVersion.v5 ? { properties: { sessionExpiryInterval: seconds } } : {}),
  };
}

/** Takes all messages and finishes their flows, until no more come. @returns `topic payload` lines. */
export function takeAndAcknowledge(client: TestClient): string[] {
  const texts: string[] = [];
  for (;;) {
    const publishes = client.takePublishes();
    if (publishes.length === 0) return texts;
    for (const { topicName, payload, qos, packetId } of publishes) {
      texts.push(`${topicName} ${new TextDecoder().decode(payload)}`);
      if (qos === QoS.atLeastOnce) client.acknowledge(PacketType.puback, packetId);
      if (qos === QoS.exactlyOnce) {
        client.acknowledge(PacketType.pubrec, packetId);
        assert.equal(client.take(PacketType.pubrel).packetId, packetId);
        client.acknowledge(PacketType.pubcomp, packetId);
      }
    }
  }
}

/** Lets promises of asynchronous hooks be handled until something is true. */
export async function settled(broker: TestBroker, isTrue: () => boolean): Promise<void> {
  for (let rounds = 0; rounds < 100 && !isTrue(); rounds++) await broker.settle();
  assert.ok(isTrue(), 'what was waited for did not come');
}

/** The broker closed the connection. With 5.0 it may have said why. */
export function assertClosed(client: TestClient, reasonCode?: ReasonCode): void {
  assert.notEqual(client.state, 'open');
  if (reasonCode === undefined) return;
  if (client.version === MqttVersion.v5) {
    assert.equal(client.take(PacketType.disconnect).reasonCode, reasonCode);
  } else {
    assert.deepEqual(client.inbox, [], 'a 3.x client was sent something before the end');
  }
}

/** The bytes the broker sent since the last call. */
export function takeBytes(client: TestClient): Uint8Array {
  return Uint8Array.from(client.bytes.splice(0).flatMap((chunk) => [...chunk]));
}
