import assert from 'node:assert/strict';
import test from 'node:test';
import { FoldedLog } from './folded-log.ts';
import { RecordingHost } from './recording-host.test-kit.ts';

test('the first line is written at once, repeats as one line when the window is over', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { lines, log } = new RecordingHost();
  const folded = new FoldedLog(log);
  for (const port of [1, 2, 3]) folded.write('warning', 'tls.failed', 'EPROTO', { port });
  folded.write('warning', 'tls.failed', 'ETIME', { port: 9 });
  assert.deepEqual(
    lines.map(({ fields }) => fields),
    [{ port: 1 }, { port: 9 }],
  );
  t.mock.timers.tick(10_000);
  assert.deepEqual(lines.slice(2), [
    { level: 'warning', event: 'tls.failed', fields: { port: 3, repeats: 2, withinMs: 10_000 } },
  ]);
});

test('while it goes on there is one line per window, and afterwards a fresh start', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { lines, log } = new RecordingHost();
  const folded = new FoldedLog(log);
  const repeats = (): unknown[] => lines.splice(0).map(({ fields }) => fields['repeats'] ?? 0);
  const writeTwice = (): void => {
    folded.write('warning', 'event', 'kind', {});
    folded.write('warning', 'event', 'kind', {});
  };
  writeTwice();
  t.mock.timers.tick(10_000);
  assert.deepEqual(repeats(), [0, 1]);
  writeTwice();
  assert.deepEqual(repeats(), []);
  t.mock.timers.tick(10_000);
  assert.deepEqual(repeats(), [2]);
  t.mock.timers.tick(10_000);
  assert.deepEqual(repeats(), []);
  folded.write('warning', 'event', 'kind', {});
  assert.deepEqual(repeats(), [0]);
});

test('closing writes the open sums', () => {
  const { lines, log } = new RecordingHost();
  const folded = new FoldedLog(log);
  for (let index = 0; index < 5; index += 1) folded.write('info', 'event', 'kind', { index });
  folded.close();
  assert.equal(lines.length, 2);
  assert.deepEqual(lines[1]?.fields, { index: 4, repeats: 4, withinMs: 10_000 });
});
