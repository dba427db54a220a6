import type { TestContext } from 'node:test';
import { PacketType, type PublishPacket } from '../packet/index.ts';
import { type ConnectOptions, connect, type MqttClient } from './index.ts';
import type { ScriptedPeer, ScriptedServer } from './scripted-server.test-kit.ts';

/** A client and the server's end of its connection, CONNACK already sent. */
export async function connected(
  t: TestContext,
  server: ScriptedServer,
  options: Partial<ConnectOptions> = {},
  connackChanges: Parameters<ScriptedServer['welcome']>[0] = {},
): Promise<{ client: MqttClient; peer: ScriptedPeer }> {
  const [client, { peer }] = await Promise.all([
    connect({ url: server.url, ...options }),
    server.welcome(connackChanges),
  ]);
  t.after(() => client.destroy());
  return { client, peer };
}

export function publication(changes: Partial<PublishPacket>): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'a',
    payload: new Uint8Array(0),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    ...changes,
  };
}
