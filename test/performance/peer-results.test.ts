import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Results } from '../../bench/peer-results.ts';

function run(label: string, name: string, rep: number, res: Record<string, unknown>) {
  return { label, name, rep, res };
}

test('a median leaves out runs that failed, and is undefined where there are none', () => {
  const label = 'p2p-q1-n10-256';
  const results = new Results([
    run(label, 'linnet', 0, { cpu: 3, lat_us: { p50: 10 } }),
    run(label, 'linnet', 1, { cpu: 1, lat_us: { p50: 30 } }),
    run(label, 'linnet', 2, { cpu: 100, error: 'refused' }),
    run(label, 'other', 0, { cpu: 5 }),
  ]);
  assert.equal(results.repetitions, 3);
  assert.equal(results.median(label, 'linnet', 'cpu'), 2);
  assert.equal(results.median(label, 'linnet', 'lat_us.p50'), 20);
  assert.equal(results.median(label, 'other', 'cpu'), 5);
  assert.equal(results.median(label, 'other', 'lat_us.p50'), undefined);
  assert.equal(results.median(label, 'nobody', 'cpu'), undefined);
});

test('scenarios are rows in words, in the order in which they ran', () => {
  const labels = ['fanout-q0-s1000', 'v5-p2p-q0-n1-16384', 'rate-q1-5k', 'my own'];
  const results = new Results(labels.map((label) => run(label, 'linnet', 0, {})));
  assert.deepEqual(
    results.rows(/./).map(({ text }) => text),
    [
      'one to 1,000, QoS 0, 256 B',
      'MQTT 5: 1 pair, QoS 0, 16 KiB',
      '50 pairs, 5,000 a second, QoS 1, 256 B',
      'my own',
    ],
  );
  assert.equal(results.rows(/^rate/).length, 1);
});

test('runs that failed and messages that went wrong are told', () => {
  const results = new Results([
    run('conn10k', 'linnet', 0, { failed: 0, lost: 0 }),
    run('conn10k', 'other', 0, { failed: 2 }),
    run('fanin1000-q0', 'other', 0, { error: 'stalled' }),
  ]);
  assert.deepEqual(results.faults(), [
    '1,000 to one, QoS 0, 256 B, other: stalled',
    '10,000 connections, other: 2 connections failed',
  ]);
});
