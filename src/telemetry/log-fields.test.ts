import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeFields } from './log-fields.ts';

test('secrets are not logged, however they are spelt and nested', () => {
  const secrets = {
    password: 'hunter2',
    Password: 'hunter2',
    user_password: 'hunter2',
    passphrase: 'hunter2',
    'api-key': 'hunter2',
    privateKey: 'hunter2',
    token: 'hunter2',
    client_secret: 'hunter2',
    Authorization: 'Bearer hunter2',
    authenticationData: 'hunter2',
    connect: { username: 'ana', password: 'hunter2', inner: { tokens: ['hunter2'] } },
  };
  const safe = safeFields(secrets);
  assert.ok(!JSON.stringify(safe).includes('hunter2'));
  assert.equal(safe['password'], '[not logged]');
  assert.deepEqual(safe['connect'], {
    username: 'ana',
    password: '[not logged]',
    inner: { tokens: '[not logged]' },
  });
});

test('payloads are not logged, other bytes only as their size', () => {
  assert.deepEqual(safeFields({ payload: 'text', data: new Uint8Array(12), bytes: 3 }), {
    payload: '[not logged]',
    data: '[12 bytes]',
    bytes: 3,
  });
});

test('names of the log itself are not overwritten, absent values left out', () => {
  assert.deepEqual(safeFields({ level: 'ERROR', time: 1, event: 'x', user: undefined }), {
    level_: 'ERROR',
    time_: 1,
    event_: 'x',
  });
});

test('long texts are cut, deep and cyclic values end', () => {
  const cyclic: Record<string, unknown> = { name: 'loop' };
  cyclic['self'] = cyclic;
  const safe = safeFields({ topic: 'x'.repeat(70_000), cyclic, big: 10n, f: () => 1 });
  assert.equal(String(safe['topic']).length, 1024 + '…(+68976)'.length);
  assert.ok(JSON.stringify(safe['cyclic']).length < 200);
  assert.equal(safe['big'], '10');
  assert.equal(safe['f'], '[not logged]');
});

test('an error keeps its kind, message, stack and causes, and nothing that was attached to it', () => {
  const cause = new RangeError('disk full');
  const error = Object.assign(new Error('cannot write', { cause }), { password: 'hunter2' });
  const { error: safe } = safeFields({ error });
  assert.ok(!JSON.stringify(safe).includes('hunter2'));
  assert.match(JSON.stringify(safe), /"message":"cannot write \(cause: RangeError: disk full\)"/);
  assert.match(JSON.stringify(safe), /log-fields\.test\.ts/);
});
