import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocalClient, LocalPublish, PublishResult } from '../../broker/index.ts';
import { PublishQueue } from './publish-queue.ts';

interface Asked {
  readonly topicName: string;
  answer(result: PublishResult | Error): Promise<void>;
}

/** A queue in front of a broker that answers when the test says so; each line `x` becomes `x/1`, `x/2`. */
function queueWithRecord(linesMax: number, underWayMax: number) {
  const asked: Asked[] = [];
  const record = { accepted: 0, dropped: 0, refused: [] as string[], processed: [] as string[] };
  const client: LocalClient = {
    clientId: 'test',
    publish: ({ topicName }: LocalPublish) =>
      new Promise((resolve, reject) => {
        asked.push({
          topicName,
          answer: async (result) => {
            if (result instanceof Error) reject(result);
            else resolve(result);
            await new Promise(setImmediate);
          },
        });
      }),
    subscribe: () => Promise.reject(new Error('not used')),
    close: () => undefined,
  };
  const host = {
    process: ({ bytes }: { bytes: Uint8Array }) => {
      const line = Buffer.from(bytes).toString();
      record.processed.push(line);
      return [1, 2].map((number) => ({ topicName: `${line}/${number}`, payload: '' }));
    },
    accepted: () => {
      record.accepted += 1;
    },
    refused: (topicName: string, reason: string) => {
      record.refused.push(`${topicName}: ${reason}`);
    },
    dropped: () => {
      record.dropped += 1;
    },
  };
  const queue = new PublishQueue(client, host, linesMax, underWayMax);
  const push = (line: string): void => {
    const bytes = Buffer.from(line);
    queue.push(bytes, 0);
    bytes.fill(0x3f);
  };
  return { queue, asked, record, push };
}

const ok: PublishResult = { reasonCode: 0, matched: 1 };

test('one at a time: order holds across messages and lines while the broker asks to wait', async () => {
  const { queue, asked, record, push } = queueWithRecord(10, 1);
  for (const line of ['a', 'b', 'c']) push(line);
  assert.equal(queue.length, 2);
  for (let count = 0; count < 6; count += 1) {
    assert.equal(asked.length, count + 1, 'never two at once');
    await asked[count]?.answer(ok);
  }
  assert.deepEqual(
    asked.map(({ topicName }) => topicName),
    ['a/1', 'a/2', 'b/1', 'b/2', 'c/1', 'c/2'],
  );
  assert.equal(record.accepted, 6);
  assert.equal(queue.length, 0);
});

test('too many waiting lines: the oldest go, each counted, memory stays bounded', async () => {
  const { queue, asked, record, push } = queueWithRecord(3, 1);
  for (let count = 0; count < 1000; count += 1) push(String(count));
  assert.equal(queue.length, 3);
  assert.equal(record.dropped, 996);
  for (let count = 0; count < 8; count += 1) await asked[count]?.answer(ok);
  assert.deepEqual(record.processed, ['0', '997', '998', '999']);
});

test('a window lets several be unanswered at once', async () => {
  const { asked, push } = queueWithRecord(10, 3);
  push('a');
  push('b');
  assert.deepEqual(
    asked.map(({ topicName }) => topicName),
    ['a/1', 'a/2', 'b/1'],
  );
  await asked[1]?.answer(ok);
  assert.deepEqual(
    asked.map(({ topicName }) => topicName),
    ['a/1', 'a/2', 'b/1', 'b/2'],
  );
});

test('refusals and failures are told and do not stop the rest', async () => {
  const { asked, record, push } = queueWithRecord(10, 1);
  push('a');
  push('b');
  await asked[0]?.answer({ reasonCode: 0x87, matched: 0, reasonString: 'no write access' });
  await asked[1]?.answer(new Error('connection lost'));
  await asked[2]?.answer(ok);
  await asked[3]?.answer(ok);
  assert.deepEqual(record.refused, ['a/1: 0x87, no write access', 'a/2: connection lost']);
  assert.equal(record.accepted, 2);
});
