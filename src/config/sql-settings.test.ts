import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, refusalLines } from './loading.test-kit.ts';

const dayMs = 86_400_000;

test('by default connections are kept within bounds in the data folder, and no messages', () => {
  assert.deepEqual(load().config.sql, {
    directory: '/nowhere/project/data',
    connections: { file: 'clients.db', maxAgeMs: 90 * dayMs, rowsMax: 500_000 },
    messages: undefined,
  });
});

test('files, filters and bounds are set in the file and by variables (S1-19, S2-21)', () => {
  const yaml = `
data_dir: /var/lib/linnet
sql:
  connections: { file: /srv/clients.db, max_age: 0, max_rows: 1000 }
  messages: { filter: [iot/#, +/state], max_age: 12h, max_size: 64MB }
`;
  const expected = {
    directory: '/var/lib/linnet',
    connections: { file: '/srv/clients.db', maxAgeMs: 0, rowsMax: 1000 },
    messages: {
      file: 'mqtt_data.db',
      topicFilters: ['iot/#', '+/state'],
      maxAgeMs: dayMs / 2,
      bytesMax: 64_000_000,
    },
  };
  assert.deepEqual(load({ yaml }).config.sql, expected);
  const environment = {
    BROKER_DATA_DIR: '/var/lib/linnet',
    BROKER_SQL_CONNECTIONS_FILE: '/srv/clients.db',
    BROKER_SQL_CONNECTIONS_MAX_AGE: '0',
    BROKER_SQL_CONNECTIONS_MAX_ROWS: '1000',
    BROKER_SQL_MESSAGES_FILTER: 'iot/#,+/state',
    BROKER_SQL_MESSAGES_MAX_AGE: '12h',
    BROKER_SQL_MESSAGES_MAX_SIZE: '64MB',
  };
  assert.deepEqual(load({ environment }).config.sql, expected);
});

test('connections can be switched off, and with ephemeral nothing is kept', () => {
  const off = load({ environment: { BROKER_SQL_CONNECTIONS_ENABLED: 'no' } });
  assert.equal(off.config.sql.connections, undefined);
  const yaml = 'ephemeral: true\nsql: { messages: { filter: ["#"] } }\n';
  const { config, warnings } = load({ yaml });
  assert.deepEqual([config.sql.connections, config.sql.messages], [undefined, undefined]);
  assert.deepEqual(
    warnings.map(({ path, problem }) => `${path} ${problem}`),
    ['sql.messages.filter has no effect while ephemeral is true'],
  );
});

test('settings of a table that is not kept are warned about', () => {
  const yaml = 'sql: { connections: { enabled: false, max_rows: 5 }, messages: { file: a.db } }';
  assert.deepEqual(
    load({ yaml }).warnings.map(({ path, problem }) => `${path} ${problem}`),
    [
      'sql.connections.max_rows has no effect while sql.connections.enabled is false',
      'sql.messages.file has no effect while sql.messages.filter is empty',
    ],
  );
});

test('both tables in one file, and a filter that is none, are refused', () => {
  assert.deepEqual(refusalLines({ yaml: 'sql: { messages: { file: clients.db } }' }), [
    'error  sql.messages.file "clients.db" (linnet.yaml:1:26) — expected another file than sql.connections.file',
  ]);
  const [line = ''] = refusalLines({ yaml: 'sql: { messages: { filter: [a/#/b] } }' });
  assert.match(
    line,
    /^error {2}sql\.messages\.filter\[0\] "a\/#\/b" \(linnet\.yaml:1:\d+\) — expected a Topic Filter/,
  );
});
