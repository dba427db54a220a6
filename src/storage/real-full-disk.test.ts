/** A file system of 16 MB that fills up: the real answer of the system, where mounting is permitted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Store } from '../broker/index.ts';
import { Message } from '../session/index.ts';
import { FileStore } from './file-store.ts';
import { promisesSettled } from './log/simulated-log.test-kit.ts';

const root = mkdtempSync(join(tmpdir(), 'linnet-full-'));
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', root]).status === 0;
after(() => {
  if (isMounted) spawnSync('umount', [root]);
  rmSync(root, { recursive: true });
});

function publish(store: Store, number: number): number {
  const payload = new Uint8Array(1000).fill(number);
  const to = [{ session: 1, qos: 1, subscriptionIdentifiers: undefined }] as const;
  const fields = { topicName: 'a', payload, qos: 1, retain: false, properties: undefined } as const;
  const message = new Message({ ...fields, publisherId: 'p', publisherName: undefined, nowMs: 0 });
  return store.journal.append({ kind: 'message', message, to, retain: 'none' });
}

const options = { skip: isMounted ? false : 'needs the right to mount a tmpfs' };

test(
  'a disk that fills up holds acknowledgements, and room is all it takes to go on',
  options,
  async () => {
    const filler = join(root, 'filler');
    writeFileSync(filler, new Uint8Array(4_000_000).fill(1));
    const sizes = { segmentBytes: 2_000_000, ballastBytes: 2_000_000 };
    const store = new FileStore({ directory: root, mode: 'disk', ...sizes });
    const { journal } = store;
    const faults: string[] = [];
    let told: () => void = () => undefined;
    journal.onFault(({ code, fatal, isOver }) => {
      faults.push(`${code}${fatal ? ' fatal' : ''}${isOver ? ' over' : ''}`);
      told();
    });
    await store.open();
    const record = {
      clientId: 'x',
      username: undefined,
      expiryIntervalMs: Infinity,
      expiresAtMs: Infinity,
      will: undefined,
    } as const;
    journal.append({ kind: 'session', session: 1, record });
    let count = 0;
    let last = 0;
    while (faults.length === 0) {
      for (let i = 0; i < 20 && journal.pressure().pendingBytes < 200_000; i++) {
        last = publish(store, count++);
      }
      await promisesSettled();
    }
    assert.ok(!readdirSync(join(root, 'journal')).includes('ballast'), 'the ballast went first');
    assert.ok(journal.durable < last && count > 9000, `${count}`);
    const isOver = new Promise<void>((resolve) => {
      told = resolve;
    });
    unlinkSync(filler);
    await isOver;
    assert.deepEqual(faults, ['ENOSPC', 'ENOSPC over']);
    await store.close();
    assert.equal(journal.durable >= last, true);
    const next = new FileStore({ directory: root, mode: 'disk', ...sizes });
    const report = await next.open();
    assert.deepEqual(report, {
      sessions: 1,
      retainedMessages: 0,
      queuedMessages: count,
      problems: [],
    });
    await next.close();
  },
);
