/** Runs against real brokers: what is sent is what is counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerKinds, startLinnet } from '../cli/brokers.test-kit.ts';
import { ClientError, connect } from '../client/index.ts';
import type { QoS } from '../packet/index.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LoadReport } from './load-run.ts';
import { planOf, run } from './plans.test-kit.ts';
import { noCounts } from './share-result.ts';

const qosLevels: readonly QoS[] = [0, 1, 2];

/** The counts that are not zero. */
function countsOf({ result }: LoadReport): Record<string, number> {
  const entries = Object.entries({ ...noCounts, ...result.counts });
  return Object.fromEntries(entries.filter(([, count]) => count !== 0));
}

for (const { name, skip, start } of brokerKinds) {
  for (const qos of qosLevels) {
    test(`${name}: an open loop of QoS ${qos} sends exactly its rate, and all arrives`, {
      skip,
    }, async () => {
      await using broker = await start();
      const report = await run(planOf('e2e', broker.port, { qos, ratePerSecond: 4_000 }));
      const acknowledged = qos === 0 ? {} : { acknowledged: 400 };
      assert.deepEqual(countsOf(report), {
        opened: 8,
        published: 400,
        ...acknowledged,
        received: 400,
        receivedBytes: 400 * 64,
        unique: 400,
      });
      assert.equal(report.result.lost, 0);
      assert.deepEqual(report.result.errors, []);
      const latency = LatencyHistogram.of(report.result.latency);
      assert.ok(latency.count > 0 && latency.count <= 400);
      assert.ok(latency.maxMs >= latency.percentileMs(0.5));
      assert.equal(LatencyHistogram.of(report.result.connectLatency).count, 8);
    });

    test(`${name}: a fan-out of QoS ${qos} counts every receiver`, { skip }, async () => {
      await using broker = await start();
      const plan = planOf('fanout', broker.port, { qos, publisherCount: 2, ratePerSecond: 1_000 });
      const { result } = await run(plan);
      assert.equal(result.counts.published, 100);
      assert.equal(result.counts.unique, 400);
      assert.equal(result.counts.received, 400);
      assert.deepEqual([result.lost, result.counts.outOfOrder], [0, 0]);
    });
  }
}

for (const qos of qosLevels) {
  for (const protocolVersion of [4, 5] as const) {
    test(`a closed loop of QoS ${qos} and version ${protocolVersion} loses nothing`, async () => {
      await using broker = await startLinnet();
      const plan = planOf('e2e', broker.port, { qos });
      const target = { ...plan.target, protocolVersion };
      const { result } = await run({ ...plan, target });
      const { published, unique, received, acknowledged } = result.counts;
      assert.ok(published > 50, `${published} published`);
      assert.deepEqual([unique, received, result.lost], [published, published, 0]);
      assert.equal(acknowledged, qos === 0 ? 0 : published);
      assert.equal(result.stalls, 0);
      assert.ok(result.measured.published > 0 && result.measured.seconds > 0);
    });
  }
}

test('publishers alone: latencies are those of the acknowledgements', async () => {
  await using broker = await startLinnet();
  for (const qos of qosLevels) {
    const { result } = await run(planOf('pub', broker.port, { qos, ratePerSecond: 2_000 }));
    assert.equal(result.counts.published, 200);
    assert.equal(result.counts.acknowledged, qos === 0 ? 0 : 200);
    assert.equal(result.counts.unacknowledged, 0);
    assert.equal(LatencyHistogram.of(result.latency).count > 0, qos > 0);
  }
});

test('subscribers alone count what others publish, with or without stamps', async () => {
  await using broker = await startLinnet();
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const other = await connect({ url });
  const stop = new AbortController();
  const subscribed = Promise.withResolvers<void>();
  const counted = Promise.withResolvers<void>();
  const plan = planOf('sub', broker.port, { qos: 1, durationMs: Number.POSITIVE_INFINITY });
  const counting = run(plan, {
    signal: stop.signal,
    onProgress: ({ phase, counts }) => {
      if (phase !== 'connecting') subscribed.resolve();
      if (counts.received === 4 * 60 && counts.foreign === 4) counted.resolve();
    },
  });
  await subscribed.promise;
  await run(planOf('pub', broker.port, { qos: 1, ratePerSecond: 600 }));
  await other.publish({ topicName: 'load/else', payload: Buffer.from('hello'), qos: 1 });
  await counted.promise;
  stop.abort();
  const { result, isInterrupted } = await counting;
  await other.disconnect();
  assert.equal(isInterrupted, true);
  assert.deepEqual([result.counts.unique, result.lost], [240, 0]);
  assert.equal(LatencyHistogram.of(result.latency).count, 240);
});

test('connections are opened, all at once or at a rate, held and closed', async () => {
  await using broker = await startLinnet();
  for (const ratePerSecond of [0, 800]) {
    for (const isSpinning of [false, true]) {
      const plan = planOf('conn', broker.port, { idleCount: 50, ratePerSecond, isSpinning });
      const report = await run({ ...plan, connectingMax: 8, durationMs: 20 });
      assert.deepEqual(countsOf(report), { opened: 50 });
      assert.equal(LatencyHistogram.of(report.result.connectLatency).count, 50);
      assert.ok(report.result.connectMs > 0);
    }
  }
});

test('several workers together do what one does', async () => {
  await using broker = await startLinnet();
  const workerCount = 3;
  const e2e = planOf('e2e', broker.port, { qos: 1, ratePerSecond: 4_000, workerCount });
  const { result: pairs } = await run(e2e);
  assert.deepEqual(
    [pairs.counts.opened, pairs.counts.published, pairs.counts.unique, pairs.lost],
    [8, 400, 400, 0],
  );
  const { result: fanout } = await run(planOf('fanout', broker.port, { workerCount }));
  assert.ok(fanout.counts.published > 10);
  assert.deepEqual([fanout.counts.unique, fanout.lost], [4 * fanout.counts.published, 0]);
  assert.equal(fanout.stalls, 0);
  const { result: idle } = await run(planOf('conn', broker.port, { idleCount: 10, workerCount }));
  assert.equal(idle.counts.opened, 10);
});

test('payloads larger than a write arrive whole', async () => {
  await using broker = await startLinnet();
  const sizeBytes = 700_000;
  for (const qos of qosLevels) {
    const { result } = await run(planOf('e2e', broker.port, { qos, sizeBytes, window: 4 }));
    assert.ok(result.counts.published > 4);
    assert.deepEqual([result.counts.unique, result.lost], [result.counts.published, 0]);
    assert.equal(result.counts.corrupt, 0);
  }
});

test('the same over WebSocket', async () => {
  await using broker = await startLinnet();
  const plan = planOf('e2e', broker.port, { qos: 1, ratePerSecond: 2_000 });
  const url = `ws://127.0.0.1:${broker.webSocketPort}/mqtt`;
  const { result } = await run({ ...plan, target: { ...plan.target, url } });
  assert.deepEqual([result.counts.published, result.counts.unique, result.lost], [200, 200, 0]);
  const closed = { ...plan, ratePerSecond: 0, target: { ...plan.target, url } };
  const { result: fast } = await run(closed);
  assert.deepEqual([fast.counts.unique, fast.lost], [fast.counts.published, 0]);
});

test('stopping ends a run without end, and what was under way is still counted', async () => {
  await using broker = await startLinnet();
  for (const workerCount of [1, 2]) {
    const stop = new AbortController();
    const plan = planOf('e2e', broker.port, { qos: 1, durationMs: Number.POSITIVE_INFINITY });
    const report = await run(
      { ...plan, workerCount },
      {
        signal: stop.signal,
        onProgress: ({ counts }) => {
          if (counts.received > 100) stop.abort();
        },
      },
    );
    assert.equal(report.isInterrupted, true);
    const { published, unique, unacknowledged } = report.result.counts;
    assert.deepEqual([unique, unacknowledged, report.result.lost], [published, 0, 0]);
  }
});

test('stopped before it begins it reports nothing, and no error', async () => {
  await using broker = await startLinnet();
  const report = await run(planOf('e2e', broker.port), { signal: AbortSignal.abort() });
  assert.deepEqual([report.result.counts.published, report.result.errors], [0, []]);
});

test('progress is told from the first connection to the last message', async () => {
  await using broker = await startLinnet();
  const phases = new Set<string>();
  let published = 0;
  const plan = planOf('e2e', broker.port, { warmupMs: 50, ratePerSecond: 1_000 });
  const { result } = await run(plan, {
    onProgress: ({ phase, counts }) => {
      phases.add(phase);
      published = counts.published;
    },
  });
  assert.ok(phases.has('warming up') && phases.has('measuring') && phases.has('draining'));
  assert.equal(published, 150);
  assert.equal(result.counts.published, 150);
  // The warm-up is counted, but not measured.
  assert.ok(result.measured.published < 150);
});

test('the process of the broker is watched', {
  skip: process.platform !== 'linux' && 'needs /proc (Linux)',
}, async () => {
  await using broker = await startLinnet();
  const report = await run(planOf('e2e', broker.port), { brokerPid: process.pid });
  assert.equal(report.broker?.pid, process.pid);
  assert.ok(report.broker.cpuMs > 0 && report.broker.memoryBytes > 0);
});

test('a URL that is none is told before anything starts', async () => {
  for (const workerCount of [1, 2]) {
    const plan = planOf('e2e', 1, { workerCount });
    const target = { ...plan.target, url: 'http://here' };
    await assert.rejects(run({ ...plan, target }), (error) => {
      return error instanceof ClientError && error.code === 'address';
    });
  }
});

test('a quiet subscriber stays connected by PINGREQ', async () => {
  await using broker = await startLinnet();
  const plan = planOf('conn', broker.port, { durationMs: 2_000 });
  const { result } = await run({ ...plan, target: { ...plan.target, keepAlive: 1 } });
  assert.deepEqual([result.counts.opened, result.counts.dropped], [4, 0]);
});
