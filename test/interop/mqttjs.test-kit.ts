/** MQTT.js, inside the process of the test. */
import { readFileSync } from 'node:fs';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import {
  type Access,
  type Content,
  Inbox,
  type Listening,
  type ListenOptions,
  type OutsideLibrary,
} from './outside-client.test-kit.ts';

const protocols = {
  '3.1': { protocolId: 'MQIsdp', protocolVersion: 3 },
  '3.1.1': { protocolId: 'MQTT', protocolVersion: 4 },
  '5': { protocolId: 'MQTT', protocolVersion: 5 },
} as const;

export const mqttJs: OutsideLibrary = {
  name: 'MQTT.js',
  skip: false,
  transports: ['tcp', 'tls', 'ws', 'wss', 'unix'],

  async listen(access: Access, options: ListenOptions): Promise<Listening> {
    const { topicFilter, qos, clientId, will } = options;
    const inbox = new Inbox();
    const client = await connected(access, {
      ...(clientId === undefined ? {} : persistent(access, clientId)),
      ...(will === undefined ? {} : { will: { ...will, topic: will.topicName } }),
      listener: (client) =>
        client.on('message', (topicName, payload, packet) => {
          inbox.put({ topicName, payload, qos: packet.qos, retain: packet.retain });
        }),
    });
    await client.subscribeAsync(topicFilter, { qos });
    return {
      inbox,
      end: () => client.endAsync(),
      drop: async () => {
        client.stream.destroy();
        await client.endAsync(true);
      },
    };
  },

  async publish(access: Access, contents: readonly Content[]): Promise<void> {
    const client = await connected(access, {});
    const lost = new Promise<never>((_, reject) => {
      client.once('close', () =>
        reject(new Error('MQTT.js lost its connection while it published')),
      );
    });
    const published = contents.map(({ topicName, payload, qos, retain }) =>
      client.publishAsync(topicName, payload, { qos, retain }),
    );
    await Promise.race([Promise.all(published), lost]);
    await client.endAsync();
  },
};

function persistent({ version }: Access, clientId: string): IClientOptions {
  if (version !== '5') return { clientId, clean: false };
  return { clientId, clean: false, properties: { sessionExpiryInterval: 600 } };
}

/** The listener is there before the first message can come. */
async function connected(
  access: Access,
  options: IClientOptions & { listener?: (client: MqttClient) => void },
): Promise<MqttClient> {
  const { listener, ...more } = options;
  const client = mqtt.connect({
    ...protocols[access.version],
    ...place(access),
    clientId: `mqttjs-${Math.random().toString(36).slice(2, 12)}`,
    reconnectPeriod: 0,
    ...more,
  });
  listener?.(client);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed before CONNACK')));
  });
  return client;
}

const schemes = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const;

function place({ transport, path, port, caFile }: Access): IClientOptions {
  if (transport === 'unix') return { protocol: 'mqtt+unix', path };
  const ca = transport === 'tls' || transport === 'wss' ? { ca: readFileSync(caFile) } : {};
  return { protocol: schemes[transport], host: 'localhost', port, path: '/mqtt', ...ca };
}
