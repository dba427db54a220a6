/**
 * What each thing that a running broker keeps costs its process: `node bench/server-memory.ts [name …]`.
 * Linux only; minutes for all.
 *
 * As bench/memory.ts, but with the whole server in a process of its own and clients on real sockets. `held` is what
 * JavaScript has in use after a collection, objects and buffers; `process` is what the operating system had given
 * it before that collection, in all and for each: with what the collector had not collected, and with the 60 MB
 * and more that it keeps for young objects.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type ClientPacket,
  encodePacket,
  MqttVersion,
  PacketReader,
  PacketType,
} from '../src/packet/index.ts';
import { readProcessUsage } from '../src/workload/process-usage.ts';
import { type ServerProcess, startServer } from '../test/server.test-kit.ts';
import { buildingFilter } from './building.ts';

const mebibyte = 2 ** 20;
const payload = new Uint8Array(256).fill(7);

/** A client that waits for each answer. */
class WireClient {
  private readonly socket: Socket;
  private readonly reader = new PacketReader({ role: 'client', version: MqttVersion.v5 });
  private answers = 0;
  private arrived = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.received(chunk));
    socket.on('error', (error) => this.arrived.reject(error));
  }

  static async open(port: number, clientId: string, isPersistent: boolean): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new WireClient(socket);
    await client.ask([
      {
        type: PacketType.connect,
        protocolVersion: MqttVersion.v5,
        clientId,
        cleanStart: true,
        keepAlive: 0,
        username: undefined,
        password: undefined,
        will: undefined,
        properties: { sessionExpiryInterval: isPersistent ? 0xffff_ffff : 0 },
        isBridge: false,
      },
    ]);
    return client;
  }

  /** Sends the packets and waits for as many answers. */
  async ask(packets: readonly ClientPacket[]): Promise<void> {
    this.answers = packets.length;
    this.arrived = Promise.withResolvers();
    this.socket.write(Buffer.concat(packets.map((packet) => encodePacket(packet, MqttVersion.v5))));
    await this.arrived.promise;
  }

  async subscribe(topicFilters: readonly string[]): Promise<void> {
    const options = {
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    const subscriptions = topicFilters.map((topicFilter) => ({ topicFilter, ...options }));
    const properties = undefined;
    await this.ask([{ type: PacketType.subscribe, packetId: 1, subscriptions, properties }]);
  }

  async leave(): Promise<void> {
    this.socket.end(
      encodePacket(
        { type: PacketType.disconnect, reasonCode: 0, properties: undefined },
        MqttVersion.v5,
      ),
    );
    this.socket.resume();
    await once(this.socket, 'close');
  }

  private received(chunk: Uint8Array): void {
    this.reader.push(chunk);
    while (this.reader.next() !== undefined) this.answers--;
    if (this.answers <= 0) this.arrived.resolve();
  }
}

/** One packet for each hundred filters. */
async function subscribeAll(client: WireClient, first: number, count: number): Promise<void> {
  for (let i = 0; i < count; i += 100) {
    const length = Math.min(100, count - i);
    await client.subscribe(Array.from({ length }, (_, k) => buildingFilter(first + i + k)));
  }
}

async function publishAll(
  port: number,
  count: number,
  topicName: (i: number) => string,
  retain: boolean,
): Promise<void> {
  const client = await WireClient.open(port, 'publisher', false);
  for (let i = 0; i < count; i += 20) {
    const packets = Array.from({ length: 20 }, (_, k) => ({
      type: PacketType.publish,
      topicName: topicName(i + k),
      payload,
      qos: 1 as const,
      retain,
      dup: false,
      packetId: k + 1,
      properties: undefined,
    }));
    await client.ask(packets);
  }
  await client.leave();
}

/** @param each what one of them does before it leaves */
async function sessionsAway(
  port: number,
  count: number,
  each: (client: WireClient, i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      const client = await WireClient.open(port, `client-${i}`, true);
      await each(client, i);
      await client.leave();
    }
  };
  await Promise.all(Array.from({ length: 32 }, one));
}

interface Row {
  readonly what: string;
  readonly count: number;
  readonly prepare?: (port: number) => Promise<unknown>;
  /** @returns what must stay alive. */
  readonly build: (port: number, count: number) => Promise<unknown>;
}

const rows: Readonly<Record<string, Row>> = {
  connections: {
    what: 'idle connections',
    count: 10_000,
    build: async (port, count) => {
      const clients: WireClient[] = [];
      for (let i = 0; i < count; i++) clients.push(await WireClient.open(port, `c-${i}`, false));
      return clients;
    },
  },
  sessions: {
    what: 'Sessions whose clients are away',
    count: 100_000,
    build: (port, count) => sessionsAway(port, count, () => Promise.resolve()),
  },
  'subscriptions-away': {
    what: 'subscriptions of 100,000 Sessions away, 100,000 filters',
    count: 1_000_000,
    build: (port, count) =>
      sessionsAway(port, count / 10, (client, i) => subscribeAll(client, i * 10, 10)),
  },
  'subscriptions-connected': {
    what: 'subscriptions of 1,000 connections, 100,000 filters',
    count: 1_000_000,
    build: async (port, count) => {
      const clients: WireClient[] = [];
      for (let i = 0; i < 1000; i++) {
        const client = await WireClient.open(port, `c-${i}`, false);
        await subscribeAll(client, (i * count) / 1000, count / 1000);
        clients.push(client);
      }
      return clients;
    },
  },
  retained: {
    what: 'Retained Messages of 256 bytes',
    count: 300_000,
    build: (port, count) =>
      publishAll(port, count, (i) => `a/${Math.floor(i / 100)}/${i % 100}`, true),
  },
  queued: {
    what: 'messages of 256 bytes that wait for one Session',
    count: 300_000,
    prepare: (port) => sessionsAway(port, 1, (client) => client.subscribe(['q/#'])),
    build: (port, count) => publishAll(port, count, () => 'q/a', false),
  },
};

/** What the broker holds after a collection. */
async function heldBytes(server: ServerProcess): Promise<number> {
  const seen = server.stderr.text.length;
  server.send('SIGUSR2');
  const match = await server.stderr.until(new RegExp(`^[^]{${seen}}[^]*"liveBytes":(\\d+)`));
  return Number(match[1]);
}

function processBytes(server: ServerProcess): number {
  const usage = readProcessUsage(server.pid);
  if (usage === undefined) throw new Error('no /proc: this needs Linux');
  return usage.memoryBytes;
}

async function measure({ what, count, prepare, build }: Row): Promise<void> {
  const collect = pathToFileURL(join(import.meta.dirname, 'collect-on-signal.ts'));
  await using server = await startServer({
    args: ['--ephemeral', '--mqtt-host', '127.0.0.1', '-p', '0'],
    files: { 'linnet.yaml': 'log: { levels: { client: error, subscription: error } }' },
    environment: {
      BROKER_WEBSOCKET_ENABLED: 'false',
      BROKER_MQTT_MAX_CONNECTIONS: '20000',
      BROKER_MAX_QUEUED_MESSAGES: '1000000',
      BROKER_LIMITS_SUBSCRIPTIONS_PER_CLIENT_MAX: '0',
      NODE_OPTIONS: `--expose-gc --import ${collect}`,
    },
  });
  const port = server.port();
  await sessionsAway(port, 10, (client) => client.subscribe(['warm/up']));
  await prepare?.(port);
  const heldBefore = await heldBytes(server);
  const before = processBytes(server);
  const kept = await build(port, count);
  const after = processBytes(server);
  const held = (await heldBytes(server)) - heldBefore;
  const inAll = `${Math.round(before / mebibyte)} to ${Math.round(after / mebibyte)} MiB`;
  const [heldEach, each] = [held / count, (after - before) / count].map(Math.round);
  console.log(
    `${count} ${what.padEnd(58)} ${heldEach} B held, process ${inAll}, ${each} B each${kept === null ? ' ' : ''}`,
  );
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(rows);
for (const name of names) {
  const row = rows[name];
  if (row === undefined) throw new Error(`${name} is none of ${Object.keys(rows).join(' ')}`);
  await measure(row);
}
process.exit();
