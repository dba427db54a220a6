import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type {
  ClientConnected,
  ClientDisconnected,
  ConnectionRefused,
  LinkOrigin,
  MessageDropped,
} from '../broker/index.ts';
import { ReasonCode } from '../packet/index.ts';
import { Message } from '../session/index.ts';
import { events } from './events.ts';
import { createLog, type Log } from './log.ts';
import { createLogObserver, createMessageTrace, type LogObserver } from './log-observer.ts';

process.env['TZ'] = 'UTC';

class Screen extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

interface Fixture {
  readonly log: Log;
  readonly observer: LogObserver;
  readonly clock: { nowMs: number };
  lines(): Promise<string[]>;
}

function observe(format: 'text' | 'json' = 'text', level = 'INFO'): Fixture {
  const clock = { nowMs: Date.parse('2026-11-20T06:41:00.123Z') };
  const now = (): number => clock.nowMs;
  const screen = new Screen();
  const log = createLog({
    level,
    levels: {},
    format,
    file: undefined,
    directory: '.',
    rotation: { sizeBytes: 0, keep: 0 },
    isTty: false,
    console: screen,
    now,
  });
  const lines = async (): Promise<string[]> => {
    await log.close();
    return screen.text.split('\n').slice(0, -1);
  };
  return { log, observer: createLogObserver({ log, now }), clock, lines };
}

const origin: LinkOrigin = {
  transport: 'tcp',
  listenerName: 'default',
  remoteAddress: '192.168.1.7',
  remotePort: 50123,
  reach: 'private',
  certificate: undefined,
  encryption: undefined,
};
const connected: ClientConnected = {
  clientId: 'esp-7',
  username: 'ana',
  origin,
  protocolVersion: 4,
  keepAlive: 60,
  cleanStart: true,
  sessionPresent: false,
  sessionExpiryInterval: 0,
};
const disconnected: ClientDisconnected = {
  clientId: 'esp-7',
  username: undefined,
  origin,
  protocolVersion: 4,
  cause: 'keep-alive-timeout',
  reasonCode: ReasonCode.keepAliveTimeout,
  detail: 'nothing received for 90 s',
  connectedForMs: 92_340,
};
const refused: ConnectionRefused = {
  clientId: 'esp-7',
  username: undefined,
  origin: { ...origin, remoteAddress: '8.8.8.8', reach: 'public' },
  reasonCode: ReasonCode.notAuthorized,
  cause: 'public-address',
  detail: 'only private networks may connect: set auth.allow_anonymous (ALLOW_ANONYMOUS) to true',
};
const dropped: MessageDropped = {
  cause: 'queue-full',
  topicName: 'a/b',
  qos: 1,
  payloadBytes: 5,
  clientId: 'dashboard',
  publisherId: 'esp-7',
  rule: 'max_queued 100 (drop-oldest)',
  reasonCode: ReasonCode.quotaExceeded,
};
const messageOf = (publisherId: string): Message =>
  new Message({
    topicName: 'a/b',
    payload: new TextEncoder().encode('a secret thing'),
    qos: 1,
    retain: false,
    properties: undefined,
    publisherId,
    publisherName: 'ana',
    nowMs: 0,
  });
const message = messageOf('esp-7');

test('S2-14 a connect and a disconnect are the sentences of old; no user name is None', async () => {
  const { observer, lines } = observe();
  observer.clientConnected?.(connected);
  observer.clientConnected?.({ ...connected, username: undefined });
  observer.clientDisconnected?.(disconnected);
  const head = '2026-11-20 06:41:00,123 - broker.client - INFO - ';
  assert.deepEqual(await lines(), [
    `${head}Client connected: esp-7, Username: ana`,
    `${head}Client connected: esp-7, Username: None`,
    `${head}Client disconnected: esp-7, Username: None, keep-alive-timeout after 92.3 s (nothing received for 90 s)`,
  ]);
});

test('a refusal says why, from where, and names the setting', async () => {
  const { observer, lines } = observe();
  observer.connectionRefused?.(refused);
  assert.deepEqual(await lines(), [
    '2026-11-20 06:41:00,123 - broker.client - WARNING - connection.refused only private networks may connect: set auth.allow_anonymous (ALLOW_ANONYMOUS) to true client=esp-7 ip=8.8.8.8 port=50123 listener=default transport=tcp cause=public-address reason=notAuthorized(0x87) ×1',
  ]);
});

test('drops and denials are warnings, folded by who and which rule', async () => {
  const { observer, clock, lines } = observe();
  for (let i = 0; i < 121; i++) observer.messageDropped?.({ ...dropped, topicName: `a/${i}` });
  observer.messageDropped?.({ ...dropped, clientId: 'other' });
  observer.messageDropped?.({ ...dropped, cause: 'not-authorized', rule: 'acl:14' });
  observer.messageDropped?.({ ...dropped, cause: 'read-not-authorized', rule: 'acl:15' });
  observer.subscriptionRefused?.({
    ...connected,
    topicFilter: '#',
    qos: 0,
    reasonCode: ReasonCode.notAuthorized,
    rule: 'acl:16',
  });
  clock.nowMs += 7000;
  observer.tick(clock.nowMs);
  observer.tick(clock.nowMs);
  const shown = (await lines()).map((line) => line.replace(/^\S+ (\S+) - broker\./, '$1 '));
  assert.deepEqual(shown, [
    '06:41:00,123 message - WARNING - message.dropped cause=queue-full client=dashboard publisher=esp-7 topic=a/0 qos=1 bytes=5 rule="max_queued 100 (drop-oldest)" reason=quotaExceeded(0x97) ×1',
    '06:41:00,123 message - WARNING - message.dropped cause=queue-full client=other publisher=esp-7 topic=a/b qos=1 bytes=5 rule="max_queued 100 (drop-oldest)" reason=quotaExceeded(0x97) ×1',
    '06:41:00,123 acl - WARNING - acl.publish.denied client=esp-7 topic=a/b rule=acl:14 reason=quotaExceeded(0x97) ×1',
    '06:41:00,123 acl - WARNING - acl.delivery.denied client=dashboard publisher=esp-7 topic=a/b rule=acl:15 ×1',
    '06:41:00,123 acl - WARNING - acl.subscribe.denied client=esp-7 user=ana ip=192.168.1.7 filter=# rule=acl:16 reason=notAuthorized(0x87) ×1',
    '06:41:07,123 message - WARNING - message.dropped …same… ×120 in 7 s cause=queue-full client=dashboard rule="max_queued 100 (drop-oldest)"',
  ]);
});

test('what is counted and not yet told is told at the end', async () => {
  const { observer, clock, lines } = observe();
  for (let i = 0; i < 3; i++) observer.connectionRefused?.(refused);
  observer.drain(clock.nowMs + 400);
  assert.match(
    (await lines())[1] ?? '',
    /connection\.refused …same… ×2 in 1 s client=esp-7 ip=8\.8\.8\.8/,
  );
});

test('a flood of ever new names stays few lines', async () => {
  const { observer, clock, lines } = observe();
  for (let i = 0; i < 5000; i++) observer.connectionRefused?.({ ...refused, clientId: `c${i}` });
  observer.tick(clock.nowMs + 1000);
  const shown = await lines();
  assert.equal(shown.length, 502);
  assert.match(shown[501] ?? '', /connection\.refused …same… ×4499 in 1 s of=many$/);
});

test('losses that a client asked for and disconnects of its own are no warnings', async () => {
  const { observer, lines } = observe('json');
  for (const cause of ['expired', 'offline-qos0', 'session-ended'] as const) {
    observer.messageDropped?.({ ...dropped, cause });
  }
  observer.clientDisconnected?.({ ...disconnected, cause: 'client-disconnect' });
  observer.clientDisconnected?.({ ...disconnected, cause: 'protocol-error' });
  observer.clientDisconnected?.({ ...disconnected, cause: 'internal-error' });
  observer.sessionEnded?.({ clientId: 'a', cause: 'expired', discardedMessages: 0 });
  observer.sessionEnded?.({ clientId: 'a', cause: 'expired', discardedMessages: 3 });
  const levels = (await lines()).map((line) => JSON.parse(line).level);
  assert.deepEqual(levels, ['INFO', 'INFO', 'INFO', 'INFO', 'WARNING', 'ERROR', 'INFO']);
});

test('an internal error has its stack, and repetitions of it are folded', async () => {
  const { observer, lines } = observe('json');
  for (let i = 0; i < 5; i++) observer.internalError?.('plugin x', new TypeError('boom'));
  observer.internalError?.('plugin x', 'not even an Error');
  const [first, second] = (await lines()).map((line) => JSON.parse(line));
  assert.equal(first.level, 'ERROR');
  assert.equal(first.where, 'plugin x');
  assert.match(first.error.stack, /TypeError: boom\n\s+at .*log-observer\.test\.ts/);
  assert.equal(second.error.message, 'not even an Error');
});

test('every fact gives a line with an event, level and fields of the table, never a payload', async () => {
  const { log, observer, lines } = observe('json', 'DEBUG');
  const trace = createMessageTrace(log);
  observer.clientConnected?.(connected);
  observer.clientDisconnected?.(disconnected);
  observer.connectionRefused?.(refused);
  observer.sessionStarted?.({ clientId: 'a' });
  observer.sessionEnded?.({ clientId: 'a', cause: 'clean-start', discardedMessages: 0 });
  observer.clientSubscribed?.({ ...connected, topicFilter: 'a/#', qos: 1 });
  observer.clientUnsubscribed?.({ ...connected, topicFilter: 'a/#', qos: 1 });
  observer.subscriptionRefused?.({
    ...connected,
    topicFilter: '#',
    qos: 0,
    reasonCode: ReasonCode.notAuthorized,
    rule: 'acl:1',
  });
  observer.messageDropped?.(dropped);
  observer.messageDropped?.({ ...dropped, cause: 'not-authorized' });
  observer.messageDropped?.({ ...dropped, cause: 'read-not-authorized' });
  observer.retainedChanged?.('a/b', false);
  observer.retainedChanged?.('a/b', true);
  observer.willPublished?.(message);
  observer.internalError?.('x', new Error('y'));
  trace.messagePublished?.(message, 2);
  trace.messageDelivered?.(message, 'dashboard', 1);
  const shown = await lines();
  assert.equal(shown.length, 17);
  assert.ok(!shown.join('').includes('secret thing'));
  for (const line of shown) {
    const { event, level, module, time, message: sentence, ...fields } = JSON.parse(line);
    const row = events[event];
    assert.ok(row, event);
    assert.deepEqual([level, module], [row.level, row.module], event);
    assert.equal(typeof time, 'string');
    assert.equal(
      sentence !== undefined,
      row.seedLine !== undefined || event === 'connection.refused',
    );
    const allowed = [...row.fields, ...(row.folded ? ['times', 'duringMs'] : [])];
    for (const name of Object.keys(fields)) assert.ok(allowed.includes(name), `${event} ${name}`);
  }
});

test('at INFO single messages and subscriptions are silent, but one client can be watched', async () => {
  const { log, observer, lines } = observe('json');
  const trace = createMessageTrace(log);
  log.setClientLevel('esp-7', 'DEBUG');
  for (const clientId of ['esp-7', 'esp-8']) {
    observer.clientSubscribed?.({ ...connected, clientId, topicFilter: 'a/#', qos: 1 });
    trace.messagePublished?.(messageOf(clientId), 0);
    trace.messageDelivered?.(message, clientId, 0);
  }
  const shown = (await lines()).slice(1).map((line) => JSON.parse(line));
  assert.deepEqual(
    shown.map(({ event, client }) => [event, client]),
    [
      ['client.subscribed', 'esp-7'],
      ['message.published', 'esp-7'],
      ['message.delivered', 'esp-7'],
    ],
  );
});
