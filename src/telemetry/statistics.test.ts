import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, type Gauges } from '../broker/index.ts';
import { statistics, statisticsFields } from './statistics.ts';

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
const running = { running: true, mqttServerActive: true, version: '1.2.3', uptimeMs: 61_999 };

test('S4-90 S4-91 S4-92 the fields of old are there with their meaning', () => {
  const { broker, session, topics } = statistics(new Counters(), gauges, running);
  assert.deepEqual([broker.running, broker.mqtt_server_active], [true, true]);
  assert.equal(broker.uptime_seconds, 61);
  assert.equal(session.total_clients, 5);
  assert.equal(session.connected_clients, 3);
  assert.equal(session.total_subscriptions, 11);
  assert.equal(topics.total_topics, 13);
  assert.equal(topics.total_subscribers, 11);
  assert.equal(topics.total_retained_messages, 7);
});

test('S4-90 a stopped broker says so', () => {
  const stopped = { running: false, mqttServerActive: false, version: '1.2.3', uptimeMs: 0 };
  const { broker } = statistics(new Counters(), gauges, stopped);
  assert.deepEqual(broker, {
    running: false,
    mqtt_server_active: false,
    version: '1.2.3',
    uptime_seconds: 0,
  });
});

test('every counter has its field', () => {
  const counters = new Counters();
  let value = 1000;
  const expected: number[] = [];
  for (const [name, old] of Object.entries(counters)) {
    if (typeof old !== 'number') continue;
    Object.assign(counters, { [name]: ++value });
    expected.push(value);
  }
  counters.droppedByCause['expired'] = ++value;
  counters.refusedByCause['banned'] = ++value;
  const text = JSON.stringify(statistics(counters, gauges, running));
  for (const number of [...expected, value - 1, value]) assert.ok(text.includes(String(number)));
});

test('the object is a copy: it does not change when the counters go on', () => {
  const counters = new Counters();
  const before = statistics(counters, gauges, running);
  counters.droppedByCause['expired'] = 1;
  assert.deepEqual(before.messages.dropped_by_cause, {});
});

test('every field is described, and nothing else', () => {
  const object = statistics(new Counters(), gauges, running);
  const paths = Object.entries(object).flatMap(([group, fields]) =>
    Object.keys(fields).map((field) => `${group}.${field}`),
  );
  assert.deepEqual(Object.keys(statisticsFields).sort(), paths.sort());
});
