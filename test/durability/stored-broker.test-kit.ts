/** A broker with something in its data directory, and what a client finds of it after a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, type MessageHandler, type MqttClient } from '../../src/client/index.ts';
import { type ServerProcess, type ServerSetup, startServer } from '../server.test-kit.ts';

const ports = ['--mqtt-host', '127.0.0.1', '-p', '0', '--ws-host', '127.0.0.1', '--ws-port', '0'];

/** Arguments of a broker on this data directory. */
export function argsIn(dataDir: string): string[] {
  return [...ports, '--data-dir', dataDir];
}

/** A data directory that outlives a broker. */
export function dataDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'linnet-stored-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function startIn(dataDir: string, setup: ServerSetup = {}): Promise<ServerProcess> {
  const environment = { BROKER_MAX_QUEUED_MESSAGES: '0', ...setup.environment };
  return startServer({ ...setup, environment, args: argsIn(dataDir) });
}

/** A session that is away for as long as it likes. What waits for it comes with the connection. */
export async function comeBack(
  server: ServerProcess,
  isNew: boolean,
  onMessage?: MessageHandler,
): Promise<MqttClient> {
  return await connect({
    url: `mqtt://127.0.0.1:${server.port()}`,
    clientId: 'away',
    cleanStart: isNew,
    properties: { sessionExpiryInterval: 3600 },
    onMessage,
  });
}

/** Leaves `count` numbered messages for the session, and as many Retained Messages. */
export async function fill(server: ServerProcess, count: number): Promise<void> {
  const away = await comeBack(server, true);
  await away.subscribe([{ topicFilter: 'queue/#', qos: 1 }]);
  await away.disconnect();
  const publisher = await connect({ url: `mqtt://127.0.0.1:${server.port()}`, inflightMax: 100 });
  const published: Promise<unknown>[] = [];
  for (let number = 1; number <= count; number++) {
    const payload = `${number}`.padEnd(100);
    published.push(publisher.publish({ topicName: 'queue/x', payload, qos: 1 }));
    const topicName = `retained/${number}`;
    published.push(publisher.publish({ topicName, payload, qos: 1, retain: true }));
  }
  await Promise.all(published);
  await publisher.disconnect();
}

export interface Found {
  readonly sessionPresent: boolean;
  /** In the order in which they came. */
  readonly queued: readonly number[];
  /** In ascending order. */
  readonly retained: readonly number[];
}

/** What the session and a new client get. */
export async function find(server: ServerProcess): Promise<Found> {
  const queue = new Numbers();
  const away = await comeBack(server, false, queue.accept);
  await away.publish({ topicName: endTopic, payload: '', qos: 1 });
  await queue.ended;
  const retained = new Numbers();
  const url = `mqtt://127.0.0.1:${server.port()}`;
  const asking = await connect({ url, onMessage: retained.accept });
  await asking.subscribe([{ topicFilter: endTopic, qos: 1 }]);
  await asking.subscribe([{ topicFilter: 'retained/#', qos: 1 }]);
  await asking.publish({ topicName: endTopic, payload: '', qos: 1 });
  await retained.ended;
  const sessionPresent = away.connack?.sessionPresent === true;
  await Promise.all([away.disconnect(), asking.disconnect()]);
  const sorted = retained.found.sort((a, b) => a - b);
  return { sessionPresent, queued: queue.found, retained: sorted };
}

const endTopic = 'queue/end';

/** Numbers that come before the message that says that these were all. */
class Numbers {
  readonly found: number[] = [];
  readonly ended: Promise<void>;
  private readonly end = Promise.withResolvers<void>();

  constructor() {
    this.ended = this.end.promise;
  }

  readonly accept: MessageHandler = ({ topicName, payload }) => {
    if (topicName === endTopic) this.end.resolve();
    else this.found.push(Number(Buffer.from(payload).toString()));
  };
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
