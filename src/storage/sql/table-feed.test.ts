import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MessageRows } from './message-rows.ts';
import { TableFeed } from './table-feed.ts';
import type { Failure, ToWorker } from './thread-messages.ts';

const full: Failure = { code: 'SQLITE_FULL', reason: 'database or disk is full' };
const written = { kind: 'written', table: 'messages' } as const;
const refused = { kind: 'refused', table: 'messages', failure: full } as const;
const opened = {
  kind: 'opened',
  table: 'messages',
  sqliteVersion: '3.53.4',
  closedRows: 0,
} as const;

/** A feed whose thread is the test, on a clock that the test moves. */
class Setup {
  readonly posted: ToWorker[] = [];
  readonly reports: string[] = [];
  readonly rows = new MessageRows();
  readonly feed: TableFeed;

  constructor(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    this.feed = new TableFeed('messages', 'mqtt_data.db', this.rows, {
      post: (message) => this.posted.push(message),
      failed: (_feed, { code }) => this.reports.push(code),
      resumed: () => this.reports.push('resumed'),
    });
  }

  add(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.rows.add({
        timeMs: 0,
        topicName: 'a',
        payload: new Uint8Array(1),
        qos: 0,
        retain: false,
        clientId: 'c',
        username: undefined,
      });
    }
    this.feed.wake();
  }

  open(): void {
    this.feed.open();
    this.feed.told(opened);
    this.take();
  }

  /** What was posted since the last look: `open`, or the number of rows. */
  take(): (string | number)[] {
    return this.posted.splice(0).map((message) => {
      if (message.kind !== 'write') return message.kind;
      const { batch } = message;
      return batch.table === 'messages' ? batch.rows.timesMs.length : batch.rows.length;
    });
  }
}

test('rows are collected for 200 ms', (t) => {
  const setup = new Setup(t);
  setup.open();
  setup.add();
  t.mock.timers.tick(150);
  setup.add();
  assert.deepEqual(setup.take(), []);
  t.mock.timers.tick(50);
  assert.deepEqual(setup.take(), [2]);
});

test('the next batch waits for the answer to the one before, and a full one for nothing else', (t) => {
  const setup = new Setup(t);
  setup.open();
  setup.add();
  t.mock.timers.tick(200);
  setup.take();
  setup.add(4500);
  t.mock.timers.tick(10_000);
  assert.deepEqual(setup.take(), []);
  setup.feed.told(written);
  assert.deepEqual(setup.take(), [2000]);
  setup.feed.told(written);
  assert.deepEqual(setup.take(), [2000]);
  setup.feed.told(written);
  assert.deepEqual(setup.take(), [], 'the last one may still grow');
  t.mock.timers.tick(200);
  assert.deepEqual(setup.take(), [500]);
});

test('before the file is open nothing is written', (t) => {
  const setup = new Setup(t);
  setup.add();
  setup.feed.open();
  t.mock.timers.tick(1000);
  assert.deepEqual(setup.take(), ['open']);
  setup.feed.told(opened);
  t.mock.timers.tick(200);
  assert.deepEqual(setup.take(), [1]);
});

test('a batch that was refused comes again after a pause that doubles up to 30 s, and is told once', (t) => {
  const setup = new Setup(t);
  setup.open();
  setup.add();
  t.mock.timers.tick(200);
  setup.take();
  for (const pauseMs of [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]) {
    setup.feed.told(refused);
    t.mock.timers.tick(pauseMs - 1);
    assert.deepEqual(setup.take(), [], `before ${pauseMs} ms`);
    t.mock.timers.tick(1);
    assert.deepEqual(setup.take(), [1]);
  }
  assert.deepEqual(setup.reports, ['SQLITE_FULL']);
  assert.equal(setup.feed.status().isWorking, false);
  setup.feed.told(written);
  assert.deepEqual(setup.reports, ['SQLITE_FULL', 'resumed']);
  setup.add();
  t.mock.timers.tick(200);
  setup.feed.told(refused);
  setup.take();
  t.mock.timers.tick(200);
  assert.deepEqual(setup.take(), [1], 'the pause is short again');
});

test('a file that cannot be opened is tried again', (t) => {
  const setup = new Setup(t);
  setup.feed.open();
  setup.feed.told({ kind: 'unusable', table: 'messages', failure: full });
  setup.add();
  t.mock.timers.tick(200);
  assert.deepEqual(setup.take(), ['open', 'open']);
  setup.feed.told(opened);
  t.mock.timers.tick(200);
  assert.deepEqual(setup.take(), [1]);
});

test('a file that is lost while a batch waits for its pause is opened first', (t) => {
  const setup = new Setup(t);
  setup.open();
  setup.add();
  setup.feed.told({ kind: 'unusable', table: 'messages', failure: full });
  t.mock.timers.tick(200);
  assert.deepEqual(setup.take(), ['open']);
});

test('a disk that does not answer is told after the second look, and that it answered', (t) => {
  const setup = new Setup(t);
  setup.open();
  setup.add();
  t.mock.timers.tick(200);
  setup.feed.check();
  assert.deepEqual(setup.reports, []);
  setup.feed.check();
  setup.feed.check();
  assert.deepEqual(setup.reports, ['TIMEOUT']);
  setup.feed.told(written);
  assert.deepEqual(setup.reports, ['TIMEOUT', 'resumed']);
  setup.feed.check();
  setup.feed.check();
  assert.equal(setup.reports.length, 2, 'nothing to do is no failure');
});

test('the end writes what is pending without waiting, batch by batch', async (t) => {
  const setup = new Setup(t);
  setup.open();
  setup.add(2500);
  const ended = setup.feed.end();
  assert.deepEqual(setup.take(), [2000]);
  setup.feed.told(written);
  assert.deepEqual(setup.take(), [500]);
  setup.feed.told(written);
  await ended;
  assert.equal(setup.feed.status().pending, 0);
});

test('the end does not wait for what cannot be written', async (t) => {
  const refusing = new Setup(t);
  refusing.open();
  refusing.add();
  const ended = refusing.feed.end();
  refusing.feed.told(refused);
  await ended;
  assert.equal(refusing.feed.status().pending, 1);
});

test('the end waits for nothing where no file is open, and not after the thread is gone', async (t) => {
  const closed = new Setup(t);
  closed.add();
  await closed.feed.end();
  t.mock.timers.reset();
  const lost = new Setup(t);
  lost.open();
  lost.add();
  const ended = lost.feed.end();
  lost.feed.lost({ code: 'THREAD', reason: 'gone' });
  await ended;
  assert.equal(lost.feed.status().pending, 1);
});
