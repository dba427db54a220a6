/** What a broker does wrong is counted, exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PublishPacket, ReasonCode } from '../packet/index.ts';
import { FaultyServer, kept } from './faulty-server.test-kit.ts';
import { planOf, run } from './plans.test-kit.ts';

/** 200 messages of two pairs in a tenth of a second; the server is in this thread, so nothing is slow. */
const pairs = {
  publisherCount: 2,
  subscriberCount: 2,
  ratePerSecond: 2_000,
  quietMs: 100,
} as const;

test('dropped messages are lost, at every QoS', async () => {
  for (const qos of [0, 1] as const) {
    await using server = await FaultyServer.start({
      deliver: (packet, n) => (n % 10 === 3 ? [] : [packet]),
    });
    const { result } = await run(planOf('e2e', server.port, { ...pairs, qos }));
    assert.deepEqual([result.counts.published, result.counts.unique, result.lost], [200, 180, 20]);
    assert.deepEqual([result.counts.duplicated, result.counts.outOfOrder], [0, 0]);
  }
});

test('messages that come twice are counted as such', async () => {
  await using server = await FaultyServer.start({
    deliver: (packet, n) => (n % 20 === 0 ? [packet, packet] : [packet]),
  });
  const { result } = await run(planOf('e2e', server.port, { ...pairs, qos: 1 }));
  assert.deepEqual([result.counts.unique, result.counts.duplicated], [200, 10]);
  assert.deepEqual([result.counts.received, result.lost, result.counts.outOfOrder], [210, 0, 0]);
});

test('the last message twice is counted too: the end waits for what the server sent before', async () => {
  await using server = await FaultyServer.start({
    deliver: (packet, n) => (n === 199 ? [packet, packet, packet] : [packet]),
  });
  const { result } = await run(planOf('e2e', server.port, pairs));
  assert.deepEqual([result.counts.unique, result.counts.duplicated], [200, 2]);
});

test('messages that overtake others are out of order, and not lost', async () => {
  let held: PublishPacket | undefined;
  let heldCount = 0;
  await using server = await FaultyServer.start({
    deliver: (packet, n) => {
      if (held?.topicName === packet.topicName) {
        const late = held;
        held = undefined;
        return [packet, late];
      }
      if (held !== undefined || n < heldCount * 20 || heldCount === 4) return [packet];
      held = kept(packet);
      heldCount++;
      return [];
    },
  });
  const { result } = await run(planOf('e2e', server.port, pairs));
  assert.deepEqual([result.counts.unique, result.counts.outOfOrder], [200, 4]);
  assert.deepEqual([result.lost, result.counts.duplicated], [0, 0]);
});

test('damaged messages are corrupt, and count as lost', async () => {
  await using server = await FaultyServer.start({
    deliver: (packet, n) => {
      if (n === 5) return [{ ...packet, payload: packet.payload.subarray(1) }];
      if (n === 6) return [{ ...packet, payload: new Uint8Array(packet.payload.length) }];
      return [packet];
    },
  });
  const { result } = await run(planOf('e2e', server.port, pairs));
  assert.deepEqual([result.counts.corrupt, result.lost], [2, 2]);
});

test("a message of another pair's publisher is misrouted", async () => {
  await using server = await FaultyServer.start({
    deliver: (packet, n) => {
      const topicName = packet.topicName === 'load/0' ? 'load/1' : 'load/0';
      return n === 8 ? [packet, { ...packet, topicName }] : [packet];
    },
  });
  const { result } = await run(planOf('e2e', server.port, pairs));
  assert.deepEqual([result.counts.misrouted, result.counts.unique, result.lost], [1, 200, 0]);
});

test('publishes that are never acknowledged are counted', async () => {
  await using server = await FaultyServer.start({
    acknowledge: (n) => (n === 7 ? [] : [ReasonCode.success]),
  });
  const { result } = await run(
    planOf('pub', server.port, { ...pairs, subscriberCount: 0, qos: 1 }),
  );
  assert.deepEqual([result.counts.acknowledged, result.counts.unacknowledged], [199, 1]);
});

test('publishes that are refused are counted', async () => {
  await using server = await FaultyServer.start({
    acknowledge: (n) => [n < 3 ? ReasonCode.quotaExceeded : ReasonCode.success],
    deliver: (packet, n) => (n < 3 ? [] : [packet]),
  });
  const plan = planOf('e2e', server.port, { ...pairs, qos: 1 });
  const { result } = await run({ ...plan, target: { ...plan.target, protocolVersion: 5 } });
  assert.deepEqual([result.counts.refused, result.counts.acknowledged], [3, 197]);
  assert.deepEqual([result.counts.unacknowledged, result.lost], [0, 3]);
});

test('acknowledgements that nothing waits for are counted', async () => {
  await using server = await FaultyServer.start({
    acknowledge: (n) => Array(n === 199 ? 3 : 1).fill(ReasonCode.success),
  });
  const plan = planOf('pub', server.port, { ...pairs, subscriberCount: 0, qos: 1 });
  const { result } = await run(plan);
  assert.deepEqual([result.counts.acknowledged, result.counts.unexpected], [200, 2]);
});

test('what the windows did not let out is unsent', async () => {
  await using server = await FaultyServer.start({ acknowledge: () => [] });
  const plan = planOf('e2e', server.port, { ...pairs, qos: 1, window: 5 });
  const { result } = await run(plan);
  assert.deepEqual([result.counts.published, result.counts.unsent], [10, 190]);
  assert.deepEqual([result.counts.unique, result.lost, result.counts.unacknowledged], [10, 0, 10]);
});

test('a closed loop goes on when everything in its windows is lost, and says so', async () => {
  await using server = await FaultyServer.start({ deliver: () => [] });
  const plan = planOf('e2e', server.port, {
    ...pairs,
    ratePerSecond: 0,
    window: 5,
    durationMs: 300,
  });
  const { result } = await run(plan);
  assert.ok(result.stalls > 0);
  assert.equal(result.counts.published % 10, 0);
  assert.equal(result.counts.published, 10 * (result.stalls + 1));
  assert.equal(result.lost, result.counts.published);
});

test('a connection that is lost ends the run, and the reason is told', async () => {
  await using server = await FaultyServer.start({ hangUpAt: 20 });
  const plan = planOf('e2e', server.port, { ...pairs, durationMs: Number.POSITIVE_INFINITY });
  const { result, isInterrupted } = await run(plan);
  assert.equal(result.counts.dropped, 1);
  assert.equal(isInterrupted, false);
  assert.match(result.errors[0]?.text ?? '', /The server closed the connection/);
});

test('a connection that is refused ends the run before it begins', async () => {
  await using server = await FaultyServer.start({
    accept: (n) => (n === 2 ? ReasonCode.notAuthorized : ReasonCode.success),
  });
  const { result } = await run(planOf('e2e', server.port, { ...pairs, connectingMax: 1 }));
  assert.deepEqual([result.counts.opened, result.counts.failed], [2, 1]);
  assert.equal(result.counts.published, 0);
  assert.match(result.errors[0]?.text ?? '', /refused the connection/);
});

test('a subscription that is refused ends it too', async () => {
  await using server = await FaultyServer.start({ subscribe: ReasonCode.unspecifiedError });
  const { result } = await run(planOf('fanout', server.port));
  assert.equal(result.counts.failed, 1);
  assert.match(result.errors[0]?.text ?? '', /refused the subscription to load\/all/);
});

test('of connections alone, some may fail: they are counted with their reasons', async () => {
  await using server = await FaultyServer.start({
    accept: (n) => {
      if (n % 10 === 4) return undefined;
      return n % 10 === 5 ? ReasonCode.serverBusy : ReasonCode.success;
    },
  });
  const plan = planOf('conn', server.port, { idleCount: 50, durationMs: 10 });
  const { result } = await run({ ...plan, target: { ...plan.target, protocolVersion: 5 } });
  assert.deepEqual([result.counts.opened, result.counts.failed], [40, 10]);
  assert.deepEqual(
    result.errors.map(({ count }) => count),
    [5, 5],
  );
});

test('nobody there: the first connection says so, and no other tries', async () => {
  const server = await FaultyServer.start();
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const { result } = await run(planOf('conn', port, { idleCount: 1_000 }));
  assert.deepEqual([result.counts.opened, result.counts.failed], [0, 1]);
  assert.match(result.errors[0]?.text ?? '', /connection refused/);
});
