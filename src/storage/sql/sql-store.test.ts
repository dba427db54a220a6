import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientFacts } from '../../broker/index.ts';
import { Message } from '../../session/index.ts';
import { SqlStore, type SqlStoreOptions } from './sql-store.ts';

const patienceMs = 20_000;

interface Line {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly message: string;
}

/** A store with a real thread, and what it reported. */
class Setup {
  readonly folder: string;
  readonly lines: Line[] = [];
  readonly store: SqlStore;
  private readonly facts = new Map<object, ClientFacts>();
  private heard = Promise.withResolvers<void>();

  constructor(
    t: TestContext,
    given: Partial<SqlStoreOptions> = {},
    prepare?: (folder: string) => void,
  ) {
    this.folder = mkdtempSync(join(tmpdir(), 'linnet-sql-'));
    prepare?.(this.folder);
    this.store = new SqlStore({
      directory: this.folder,
      connections: { file: 'clients.db', maxAgeMs: 0, rowsMax: 0 },
      messages: { file: 'mqtt_data.db', topicFilters: ['iot/#'], maxAgeMs: 0, bytesMax: 1e9 },
      now: () => Date.now(),
      report: (level, event, fields, message) => {
        this.lines.push({ level, event, fields, message });
        const { resolve } = this.heard;
        this.heard = Promise.withResolvers();
        resolve();
      },
      ...given,
    });
    t.after(async () => {
      await this.store.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  async reported(event: string): Promise<Line> {
    const limit = AbortSignal.timeout(patienceMs);
    for (;;) {
      const line = this.lines.find((each) => each.event === event);
      if (line !== undefined) return line;
      assert.ok(!limit.aborted, `${event} was not reported: ${JSON.stringify(this.lines)}`);
      await Promise.race([this.heard.promise, pause(patienceMs, undefined, { ref: false })]);
    }
  }

  connect(clientId: string): object {
    const origin = {
      transport: 'tcp',
      listenerName: 'mqtt',
      remoteAddress: '127.0.0.1',
      remotePort: 50_000,
      reach: 'loopback',
      certificate: undefined,
      encryption: undefined,
    } as const;
    const facts: ClientFacts = { clientId, username: undefined, origin, protocolVersion: 5 };
    this.facts.set(origin, facts);
    for (const plugin of this.store.plugins) {
      plugin.clientConnected?.({
        ...facts,
        keepAlive: 60,
        cleanStart: true,
        sessionPresent: false,
        sessionExpiryInterval: 0,
      });
    }
    return origin;
  }

  disconnect(key: object): void {
    const fact = this.facts.get(key);
    assert.ok(fact);
    for (const plugin of this.store.plugins) {
      plugin.clientDisconnected?.({
        ...fact,
        cause: 'client-disconnect',
        reasonCode: 0,
        detail: undefined,
        connectedForMs: 1,
      });
    }
  }

  ask(file: string, sql: string): unknown {
    using database = new DatabaseSync(join(this.folder, file), { readOnly: true });
    return Object.values(database.prepare(sql).get() ?? {})[0];
  }

  /** Asks again until the answer is this one. */
  async answers(file: string, sql: string, expected: unknown): Promise<void> {
    const limit = AbortSignal.timeout(patienceMs);
    while (this.ask(file, sql) !== expected) {
      assert.ok(!limit.aborted, `${sql}: ${String(this.ask(file, sql))}`);
      await pause(10);
    }
  }
}

/** The longest standstill of the event loop while the work is done. */
async function loopDelay(work: () => Promise<void>): Promise<{ p99: number; max: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
}

const openRows = 'SELECT COUNT(*) FROM connections WHERE disconnect_time IS NULL';

function message(topicName: string, payload: string | Uint8Array): Message {
  return new Message({
    topicName,
    payload: Buffer.from(payload),
    qos: 1,
    retain: false,
    properties: undefined,
    publisherId: 'sensor',
    publisherName: undefined,
    nowMs: 0,
  });
}

const publish = (store: SqlStore, ...messages: readonly Message[]): void => {
  for (const plugin of store.plugins) {
    for (const each of messages) plugin.messagePublished?.(each, 1);
  }
};

test('clients that come and go are rows in the file while the broker runs', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  const a = setup.connect('a');
  setup.connect('b');
  await setup.answers('clients.db', openRows, 2);
  setup.disconnect(a);
  await setup.answers('clients.db', openRows, 1);
  const ended =
    "SELECT client_id || ' ' || username || ' ' || reason FROM connections WHERE id = 1";
  assert.equal(setup.ask('clients.db', ended), 'a anonymous client-disconnect');
  assert.deepEqual(setup.lines, []);
});

test('clients that came before the file was open are in it', async (t) => {
  const setup = new Setup(t);
  const a = setup.connect('a');
  setup.connect('b');
  setup.disconnect(a);
  await setup.store.open();
  await setup.answers('clients.db', openRows, 1);
  await setup.answers('clients.db', 'SELECT COUNT(*) FROM connections', 2);
});

test('closing writes what is pending and leaves nothing but the files', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  for (let i = 0; i < 3000; i++) setup.disconnect(setup.connect(`client-${i}`));
  publish(setup.store, ...Array.from({ length: 5000 }, () => message('iot/a', 'x')));
  await setup.store.close();
  assert.deepEqual(readdirSync(setup.folder).sort(), ['clients.db', 'mqtt_data.db']);
  assert.equal(setup.ask('clients.db', 'SELECT COUNT(*) FROM connections'), 3000);
  assert.equal(setup.ask('clients.db', openRows), 0);
  assert.equal(setup.ask('mqtt_data.db', 'SELECT COUNT(*) FROM messages'), 5000);
  assert.deepEqual(setup.lines, []);
});

test('only messages that a filter matches are stored, byte by byte', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  const payload = Uint8Array.from({ length: 256 }, (_none, i) => i);
  publish(setup.store, message('iot/a', payload), message('other', 'no'), message('iot', 'yes'));
  await setup.answers('mqtt_data.db', 'SELECT COUNT(*) FROM messages', 2);
  assert.equal(
    setup.ask('mqtt_data.db', "SELECT hex(payload) FROM messages WHERE topic = 'iot/a'"),
    Buffer.from(payload).toString('hex').toUpperCase(),
  );
});

test('tables that nobody asked for cost no file and no thread', async (t) => {
  const nothing = new Setup(t, { connections: undefined, messages: undefined });
  await nothing.store.open();
  assert.deepEqual([nothing.store.plugins, nothing.store.status()], [[], {}]);
  assert.deepEqual(readdirSync(nothing.folder), []);
  const one = new Setup(t, { messages: undefined });
  await one.store.open();
  assert.ok(one.store.plugins.every((plugin) => plugin.messagePublished === undefined));
  assert.deepEqual(Object.keys(one.store.status()), ['connections']);
  assert.ok(!existsSync(join(one.folder, 'mqtt_data.db')));
});

test('a file that another program holds locked: the event loop goes on, and the rows come afterwards', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  using other = new DatabaseSync(join(setup.folder, 'clients.db'));
  other.exec('BEGIN IMMEDIATE');
  setup.connect('a');
  const line = await setup.reported('storage.sql.failed');
  assert.equal(line.fields['code'], 'SQLITE_BUSY');
  assert.match(line.message, /Another program holds the file locked/);
  const { p99, max } = await loopDelay(async () => {
    for (let i = 0; i < 100; i++) {
      setup.disconnect(setup.connect(`client-${i}`));
      await pause(2);
    }
  });
  assert.ok(max < 500, `the event loop stood still for ${max} ms (p99 ${p99} ms)`);
  assert.equal(setup.store.status().connections?.isWorking, false);
  other.exec('COMMIT');
  await setup.reported('storage.sql.resumed');
  await setup.answers('clients.db', 'SELECT COUNT(*) FROM connections', 101);
  await setup.answers('clients.db', openRows, 1);
});

test('a file that stays locked does not keep the broker from ending, and what is missing is told', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  using other = new DatabaseSync(join(setup.folder, 'clients.db'));
  other.exec('BEGIN IMMEDIATE');
  setup.connect('a');
  await setup.store.close();
  assert.equal((await setup.reported('storage.sql.unwritten')).fields['rows'], 1);
});

test('a damaged file is set aside with a clear message, and the broker goes on with a new one', async (t) => {
  const setup = new Setup(t, {}, (folder) =>
    writeFileSync(join(folder, 'clients.db'), 'not a database '.repeat(1000)),
  );
  await setup.store.open();
  setup.connect('a');
  await setup.answers('clients.db', openRows, 1);
  const { level, message: text } = await setup.reported('storage.sql.replaced');
  assert.equal(level, 'error');
  assert.match(
    text,
    /clients\.db: file is not a database\. A new file is begun; it is kept as .*clients\.db\.damaged-/,
  );
  assert.equal(setup.lines.length, 1);
});

test('a file that cannot be made is told once and tried again; then everybody connected is in it', async (t) => {
  const setup = new Setup(t, {}, (folder) => mkdirSync(join(folder, 'clients.db')));
  await setup.store.open();
  const a = setup.connect('a');
  setup.connect('b');
  setup.disconnect(a);
  const failed = await setup.reported('storage.sql.failed');
  assert.equal(failed.fields['code'], 'SQLITE_CANTOPEN');
  rmSync(join(setup.folder, 'clients.db'), { recursive: true });
  await setup.reported('storage.sql.resumed');
  await setup.answers('clients.db', openRows, 1);
  assert.equal(setup.lines.filter(({ event }) => event === 'storage.sql.failed').length, 1);
});

test('messages that the file cannot follow are dropped, counted and told', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  const many = message('iot/a', 'x');
  publish(setup.store, ...Array.from({ length: 25_000 }, () => many));
  assert.equal(setup.store.status().messages?.dropped, 5000);
  setup.connect('a');
  await setup.answers('clients.db', openRows, 1);
  await setup.store.close();
  assert.equal(setup.ask('mqtt_data.db', 'SELECT COUNT(*) FROM messages'), 20_000);
  const { fields } = await setup.reported('storage.sql.dropped');
  assert.deepEqual([fields['table'], fields['rows'], fields['total']], ['messages', 5000, 5000]);
});

test('when the thread dies another one goes on, and the number of open rows is true again', async (t) => {
  const setup = new Setup(t);
  await setup.store.open();
  const a = setup.connect('a');
  setup.connect('b');
  await setup.answers('clients.db', openRows, 2);
  await setup.store['worker']?.terminate();
  assert.equal((await setup.reported('storage.sql.failed')).fields['code'], 'THREAD');
  setup.disconnect(a);
  await setup.reported('storage.sql.resumed');
  await setup.answers('clients.db', openRows, 1);
  const interrupted = "SELECT COUNT(*) FROM connections WHERE reason = 'recording-interrupted'";
  assert.equal(setup.ask('clients.db', interrupted), 2);
  assert.equal((await setup.reported('storage.sql.recovered')).fields['rows'], 2);
});

test('rows that a crash left open are told when they are closed', async (t) => {
  const setup = new Setup(t, {}, (folder) => {
    using database = new DatabaseSync(join(folder, 'clients.db'));
    database.exec(
      "CREATE TABLE connections (id INTEGER PRIMARY KEY, client_id TEXT); INSERT INTO connections VALUES (7, 'old')",
    );
  });
  await setup.store.open();
  const { fields, message: text } = await setup.reported('storage.sql.recovered');
  assert.equal(fields['rows'], 1);
  assert.match(text, /1 connections were found open and are closed now/);
});
