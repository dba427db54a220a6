import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchFigures } from './bench-figures.ts';
import { type ReportChanges, reportOf } from './bench-reports.test-kit.ts';
import { renderCsv, renderSummary } from './bench-summary.ts';

function summary(changes: ReportChanges): string {
  return renderSummary(benchFigures(reportOf(changes)));
}

test('the figures as JSON, all of them', () => {
  const latencyMs = {
    count: 1000,
    mean: 0.5005,
    min: 0.001,
    p50: 0.5007,
    p90: 0.8991,
    p99: 0.9892,
    p999: 0.9974,
    max: 1,
  };
  assert.deepEqual(benchFigures(reportOf()), {
    kind: 'e2e',
    url: 'mqtt://127.0.0.1:1883',
    mqttVersion: '3.1.1',
    qos: 1,
    sizeBytes: 256,
    publishers: 50,
    subscribers: 50,
    connections: 100,
    workers: 1,
    ratePerSecond: 5000,
    window: 300,
    warmupSeconds: 1,
    seconds: 10,
    interrupted: false,
    connect: { opened: 100, failed: 0, dropped: 0, seconds: 0.05, perSecond: 2000, latencyMs },
    published: {
      count: 55_000,
      perSecond: 5000,
      acknowledged: 55_000,
      unacknowledged: 0,
      refused: 0,
      unexpected: 0,
      unsent: 0,
    },
    received: {
      count: 55_000,
      perSecond: 5000,
      bytesPerSecond: 1_280_000,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      corrupt: 0,
      misrouted: 0,
      foreign: 0,
    },
    latencyMs,
    broker: {
      pid: 812,
      cores: 0.12,
      cpuMicrosecondsPerMessage: 24,
      memoryBytes: 31_000_000,
      memoryPeakBytes: 32_000_000,
      memoryBeforeBytes: 30_000_000,
    },
    generator: {
      cores: 0.99,
      busy: 0.2,
      starved: 0,
      cpuMicrosecondsPerMessage: 40,
      lateCount: 0,
      lateMaxMs: 0.25,
    },
    stalls: 0,
    errors: [],
    notes: [],
    ok: true,
  });
});

test('the summary for people', () => {
  assert.equal(
    summary({ result: { lost: 3, errors: [{ text: 'It rained.', count: 2 }] } }),
    `linnet bench e2e   mqtt://127.0.0.1:1883   MQTT 3.1.1   QoS 1   256 bytes
  clients      50 publishers, 50 subscribers
  connected    100 in 0.05 s   2,000/s   p50 0.501 ms   p90 0.899   p99 0.989   p99.9 0.997   max 1
  measured     10 s after 1 s of warm-up, 5,000/s wanted

  published    5,000/s   55,000 in all
  received     5,000/s   55,000 in all   1.28 MB/s
  latency      p50 0.501 ms   p90 0.899   p99 0.989   p99.9 0.997   max 1   from the scheduled time to arrival
  faults       lost 3   duplicated 0   out of order 0   unacknowledged 0

  broker       pid 812   12 % of a core   24 µs each message   31 MB (before 30)
  generator    busy 20 %   40 µs each message
  error        2 × It rained.
`,
  );
});

test('what a kind does not have is left out', () => {
  const pub = summary({ plan: { kind: 'pub', qos: 0, subscriberCount: 0 } });
  assert.doesNotMatch(pub, /received|lost/);
  assert.match(pub, /faults {7}none that can be seen at QoS 0/);
  const sub = summary({ plan: { kind: 'sub', publisherCount: 0, topicFilter: '$share/g/#' } });
  assert.doesNotMatch(sub, /published|windows|wanted/);
  assert.match(sub, /lost not known with a shared subscription/);
  const conn = summary({
    plan: { kind: 'conn', publisherCount: 0, subscriberCount: 0, idleCount: 100 },
    counts: { failed: 4, dropped: 2 },
  });
  assert.doesNotMatch(conn, /measured|QoS|faults/);
  assert.match(conn, /clients {6}100 connections/);
  assert.match(conn, /failed 4 {3}lost again 2/);
  assert.match(conn, /10,000 bytes each connection/);
});

test('faults that are there are named', () => {
  const received = { corrupt: 1, misrouted: 2, foreign: 3, outOfOrder: 6 };
  assert.match(
    summary({ counts: received }),
    /out of order 6 {3}corrupt 1 {3}misrouted 2 {3}of other programs 3 {3}unacknowledged 0$/m,
  );
  assert.match(
    summary({ counts: { refused: 4, unexpected: 7, unsent: 5 } }),
    /unacknowledged 0 {3}refused 4 {3}acknowledged for nothing 7 {3}unsent 5$/m,
  );
  assert.match(summary({ result: { starved: 0.2 } }), /busy 20 %, without a core 20 %/);
});

test('CSV is a line of names and a line of as many values', () => {
  const csv = renderCsv(benchFigures(reportOf({ plan: { topicName: 'a' } })));
  const [names = '', values = '', rest] = csv.split('\n');
  assert.equal(rest, '');
  const row = new Map(names.split(',').map((name, at) => [name, values.split(',')[at]]));
  assert.equal(row.size, values.split(',').length);
  assert.equal(row.get('kind'), 'e2e');
  assert.equal(row.get('received.lost'), '0');
  assert.equal(row.get('latencyMs.p99'), '0.9892');
  assert.equal(row.get('errors'), '0');
  assert.equal(row.get('ok'), 'true');
});

test('CSV quotes what needs it, and leaves absent values empty', () => {
  const target = { ...reportOf().plan.target, url: 'ws://127.0.0.1/a,b' };
  const report = reportOf({ plan: { target }, report: { broker: undefined, wantsBroker: false } });
  const [names, values] = renderCsv(benchFigures(report)).split('\n');
  assert.match(values ?? '', /,"ws:\/\/127\.0\.0\.1:80\/a,b",/);
  assert.match(names ?? '', /,broker,/);
});
