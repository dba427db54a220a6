import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, type Gauges } from '../broker/index.ts';
import { statistics } from './statistics.ts';
import { processHeapBytes, SysTopics, type SysTopicsOptions } from './sys-topics.ts';

const gauges: Gauges = {
  clientsConnected: 3,
  clientsMaximum: 9,
  sessions: 5,
  sessionsDisconnected: 2,
  subscriptions: 11,
  sharedSubscriptions: 4,
  retainedMessages: 7,
  retainedBytes: 700,
  queuedMessages: 6,
  queuedBytes: 60,
  inflightMessages: 1,
  topics: 13,
};

interface Fixture {
  readonly counters: Counters;
  readonly published: Map<string, string>;
  /** Topic Names in the order of publishing since the last call. */
  take(): string[];
  tick(nowMs: number): void;
}

function open(options: Partial<SysTopicsOptions> = {}): Fixture {
  const counters = new Counters();
  const published = new Map<string, string>();
  let names: string[] = [];
  const sys = new SysTopics({
    intervalMs: 10_000,
    counters,
    gauges: () => gauges,
    heapBytes: () => 1000,
    version: '1.2.3',
    startedAtMs: 500,
    publish: (topicName, payload) => {
      names.push(topicName);
      published.set(topicName, payload);
    },
    ...options,
  });
  return {
    counters,
    published,
    tick: (nowMs) => sys.tick(nowMs),
    take: () => {
      const taken = names;
      names = [];
      return taken;
    },
  };
}

const loads = ['messages/received', 'messages/sent', 'publish/received', 'publish/sent']
  .concat(['publish/dropped', 'bytes/received', 'bytes/sent', 'sockets', 'connections'])
  .flatMap((name) => ['1min', '5min', '15min'].map((span) => `load/${name}/${span}`));

/** What `mosquitto_sub -t '$SYS/#'` shows of Mosquitto 2.0, and messages/inflight of its manual. */
const namesOfMosquitto = [
  ...['version', 'uptime', 'bytes/received', 'bytes/sent', 'heap/current', 'heap/maximum'],
  ...['clients/active', 'clients/connected', 'clients/disconnected', 'clients/expired'],
  ...['clients/inactive', 'clients/maximum', 'clients/total'],
  ...['messages/received', 'messages/sent', 'messages/stored', 'messages/inflight'],
  ...['publish/bytes/received', 'publish/bytes/sent', 'publish/messages/dropped'],
  ...['publish/messages/received', 'publish/messages/sent', 'retained messages/count'],
  ...['shared_subscriptions/count', 'subscriptions/count'],
  ...['store/messages/bytes', 'store/messages/count'],
  ...loads,
].map((name) => `$SYS/broker/${name}`);

test("S1-04 the tree has every name of Mosquitto's", () => {
  const { published, tick } = open();
  tick(500);
  const missing = namesOfMosquitto.filter((name) => !published.has(name));
  assert.deepEqual(missing, []);
  const ours = [...published.keys()].filter((name) => !namesOfMosquitto.includes(name));
  assert.deepEqual(ours, ['$SYS/broker/connections/refused']);
});

test('values come from the counters and gauges, each where it belongs', () => {
  const { counters, published, tick } = open();
  Object.assign(counters, {
    packetsReceived: 101,
    packetsSent: 102,
    bytesReceived: 103,
    bytesSent: 104,
    publishReceived: 105,
    publishSent: 106,
    publishBytesReceived: 107,
    publishBytesSent: 108,
    publishDropped: 109,
    connectionsRefused: 110,
    sessionsExpired: 111,
  });
  counters.droppedByCause['queue-full'] = 100;
  counters.droppedByCause['expired'] = 9;
  counters.refusedByCause['banned'] = 110;
  tick(61_500);
  const expected: Readonly<Record<string, string>> = {
    version: 'linnet version 1.2.3',
    uptime: '61 seconds',
    'clients/total': '5',
    'clients/connected': '3',
    'clients/active': '3',
    'clients/disconnected': '2',
    'clients/inactive': '2',
    'clients/maximum': '9',
    'clients/expired': '111',
    'messages/received': '101',
    'messages/sent': '102',
    'messages/inflight': '1',
    'messages/stored': '13',
    'publish/messages/received': '105',
    'publish/messages/sent': '106',
    'publish/messages/dropped': '109',
    'publish/messages/dropped/queue-full': '100',
    'publish/messages/dropped/expired': '9',
    'publish/bytes/received': '107',
    'publish/bytes/sent': '108',
    'bytes/received': '103',
    'bytes/sent': '104',
    'retained messages/count': '7',
    'store/messages/count': '13',
    'store/messages/bytes': '760',
    'subscriptions/count': '11',
    'shared_subscriptions/count': '4',
    'heap/current': '1000',
    'heap/maximum': '1000',
    'connections/refused': '110',
    'connections/refused/banned': '110',
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(published.get(`$SYS/broker/${name}`), value, name);
  }
  assert.equal(published.size, Object.keys(expected).length + loads.length);
});

test('each interval once, on the grid of the start, and only what has changed', () => {
  const { counters, take, tick } = open({ gauges: () => ({ ...gauges, clientsConnected: 0 }) });
  tick(500);
  assert.ok(take().length > 50);
  tick(10_499);
  assert.deepEqual(take(), []);
  tick(12_000);
  assert.deepEqual(take(), ['$SYS/broker/uptime']);
  tick(20_499);
  assert.deepEqual(take(), []);
  counters.bytesSent = 5;
  tick(20_500);
  assert.deepEqual(take(), [
    '$SYS/broker/uptime',
    '$SYS/broker/bytes/sent',
    '$SYS/broker/load/bytes/sent/1min',
    '$SYS/broker/load/bytes/sent/5min',
    '$SYS/broker/load/bytes/sent/15min',
  ]);
});

test('loads follow a table computed by hand, with the time that really passed', () => {
  const { counters, published, tick } = open({
    startedAtMs: 0,
    gauges: () => ({ ...gauges, clientsConnected: 0 }),
  });
  const load = (name: string): string[] =>
    ['1min', '5min', '15min'].map(
      (span) => published.get(`$SYS/broker/load/${name}/${span}`) ?? '',
    );
  tick(0);
  assert.deepEqual(load('publish/received'), ['0.00', '0.00', '0.00']);
  counters.publishReceived = 100;
  counters.connectionsAccepted = 2;
  counters.disconnects = 1;
  tick(10_000);
  // 600 per minute for 10 s: 600 * (1 - e^(-10/60)), … e^(-10/300)), … e^(-10/900)).
  assert.deepEqual(load('publish/received'), ['92.11', '19.67', '6.63']);
  assert.deepEqual(load('connections'), ['0.92', '0.20', '0.07']);
  assert.deepEqual(load('sockets'), ['1.84', '0.39', '0.13']);
  // Nothing for 20 s: times e^(-20/60), e^(-20/300), e^(-20/900).
  tick(30_000);
  assert.deepEqual(load('publish/received'), ['66.00', '18.40', '6.48']);
});

test('the largest memory use is remembered', () => {
  let heapBytes = 50;
  const { published, tick } = open({ heapBytes: () => heapBytes });
  tick(500);
  heapBytes = 20;
  tick(10_500);
  assert.equal(published.get('$SYS/broker/heap/current'), '20');
  assert.equal(published.get('$SYS/broker/heap/maximum'), '50');
  assert.ok(processHeapBytes() > 1_000_000);
});

test('S1-04 sys_interval 0 turns it off', () => {
  const { published, tick } = open({ intervalMs: 0 });
  for (const nowMs of [500, 10_500, 1e9]) tick(nowMs);
  assert.equal(published.size, 0);
});

test('S4-92 $SYS and the statistics object tell the same numbers', () => {
  const { counters, published, tick } = open();
  counters.publishDropped = 42;
  tick(500);
  const state = { running: true, mqttServerActive: true, version: '1.2.3', uptimeMs: 0 };
  const { session, topics, messages } = statistics(counters, gauges, state);
  const sys = (name: string): number => Number(published.get(`$SYS/broker/${name}`));
  assert.equal(session.total_clients, sys('clients/total'));
  assert.equal(session.connected_clients, sys('clients/connected'));
  assert.equal(session.total_subscriptions, sys('subscriptions/count'));
  assert.equal(topics.total_retained_messages, sys('retained messages/count'));
  assert.equal(messages.dropped, sys('publish/messages/dropped'));
});
