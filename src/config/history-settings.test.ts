import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusalLines } from './loading.test-kit.ts';

test('by default recent messages are kept in memory and none on the disk', () => {
  assert.deepEqual(load().config.history, { memoryBytes: 8_000_000, archive: undefined });
});

test('filters and bounds are set in the file and by variables', () => {
  const yaml = `
data_dir: /var/lib/linnet
history: { memory: 0, filter: [iot/#, +/state], max_age: 12h, max_size: 64MB }
`;
  const expected = {
    memoryBytes: 0,
    archive: {
      directory: '/var/lib/linnet/history',
      topicFilters: ['iot/#', '+/state'],
      maxAgeMs: 43_200_000,
      bytesMax: 64_000_000,
    },
  };
  assert.deepEqual(load({ yaml }).config.history, expected);
  const environment = {
    BROKER_DATA_DIR: '/var/lib/linnet',
    BROKER_HISTORY_MEMORY: '0',
    BROKER_HISTORY_FILTER: 'iot/#,+/state',
    BROKER_HISTORY_MAX_AGE: '12h',
    BROKER_HISTORY_MAX_SIZE: '64MB',
  };
  assert.deepEqual(load({ environment }).config.history, expected);
});

test('it can be switched off, and with ephemeral nothing is kept on the disk', () => {
  const off = load({ yaml: 'history: { enabled: false, memory: 1MB }' });
  assert.deepEqual(off.config.history, { memoryBytes: 0, archive: undefined });
  const told = ({ warnings }: ReturnType<typeof load>) =>
    warnings.map(({ path, problem }) => `${path} ${problem}`);
  assert.deepEqual(told(off), ['history.memory has no effect while history.enabled is false']);
  const ephemeral = load({ yaml: 'ephemeral: true\nhistory: { filter: ["#"] }' });
  assert.deepEqual(ephemeral.config.history, { memoryBytes: 8_000_000, archive: undefined });
  assert.deepEqual(told(ephemeral), ['history.filter has no effect while ephemeral is true']);
  assert.deepEqual(told(load({ yaml: 'history: { max_age: 1d }' })), [
    'history.max_age has no effect while history.filter is empty',
  ]);
});

test('a filter that is none is refused', () => {
  const [line = ''] = refusalLines({ yaml: 'history: { filter: [a/#/b] }' });
  assert.match(
    line,
    /^error {2}history\.filter\[0\] "a\/#\/b" \(linnet\.yaml:1:\d+\) — expected a Topic/,
  );
});
