import assert from 'node:assert/strict';
import test from 'node:test';
import { lowWaterBytes, OutboundQueue, type OutboundSink, TurnEnd } from './outbound-queue.ts';

const mebibyte = 1024 * 1024;

/** A socket that takes what it is given when the test says so, and a turn that ends on command. */
class ManualSink implements OutboundSink {
  readonly sent: (readonly Uint8Array[])[] = [];
  #taken: (() => void)[] = [];

  send(chunk: Uint8Array, taken: () => void): void {
    this.sendMany([chunk], taken);
  }

  sendMany(chunks: readonly Uint8Array[], taken: () => void): void {
    this.sent.push(chunks);
    this.#taken.push(taken);
  }

  take(): void {
    this.#taken.shift()?.();
  }

  get text(): string {
    return Buffer.concat(this.sent.flat()).toString('latin1');
  }
}

function setUp() {
  const sink = new ManualSink();
  const turns: (() => void)[] = [];
  const turnEnd = new TurnEnd((callback) => turns.push(callback));
  const counts = { drained: 0 };
  const queue = new OutboundQueue(sink, turnEnd, () => {
    counts.drained += 1;
  });
  const endTurn = (): void => {
    for (const callback of turns.splice(0)) callback();
  };
  return { sink, queue, counts, turns, turnEnd, endTurn };
}

test('all small writes of one turn leave as one', () => {
  const { sink, queue, endTurn } = setUp();
  for (const word of ['a', 'b', 'c']) queue.write(Buffer.from(word));
  assert.equal(sink.sent.length, 0);
  assert.equal(queue.pendingBytes, 3);
  endTurn();
  assert.equal(sink.sent.length, 1);
  assert.equal(sink.sent[0]?.length, 1);
  assert.equal(sink.text, 'abc');
  assert.equal(queue.pendingBytes, 3);
  sink.take();
  assert.equal(queue.pendingBytes, 0);
});

test('one end of the turn serves all queues', () => {
  const { sink, turns, turnEnd } = setUp();
  const queues = [1, 2, 3].map(() => new OutboundQueue(sink, turnEnd, () => {}));
  for (const queue of queues) queue.write(Buffer.from('x'));
  assert.equal(turns.length, 1);
  turns[0]?.();
  assert.equal(sink.sent.length, 3);
});

test('a single chunk and large chunks are passed on without a copy', () => {
  const { sink, queue, endTurn } = setUp();
  const large = [Buffer.alloc(100_000, 'a'), Buffer.alloc(100_000, 'b')];
  for (const chunk of large) queue.write(chunk);
  endTurn();
  assert.deepEqual(sink.sent[0], large);
  assert.equal(sink.sent[0]?.[0], large[0]);
  sink.take();
  const single = Buffer.from('single');
  queue.write(single);
  endTurn();
  assert.equal(sink.sent[1]?.[0], single);
});

test('what is written while a batch is on its way follows when it was taken', () => {
  const { sink, queue, endTurn } = setUp();
  queue.write(Buffer.from('first'));
  endTurn();
  queue.write(Buffer.from('sec'));
  queue.write(Buffer.from('ond'));
  endTurn();
  assert.equal(sink.text, 'first');
  sink.take();
  assert.equal(sink.text, 'firstsecond');
  assert.equal(queue.pendingBytes, 6);
});

test('at most 256 KiB are on their way unless one chunk is larger', () => {
  const { sink, queue, endTurn } = setUp();
  for (let index = 0; index < 10; index += 1) queue.write(Buffer.alloc(100 * 1024));
  queue.write(Buffer.alloc(600 * 1024));
  endTurn();
  const sizes: number[] = [];
  while (sizes.length < sink.sent.length) {
    sizes.push(sink.sent.at(-1)?.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0);
    sink.take();
  }
  assert.deepEqual(
    sizes.map((size) => size / 1024),
    [200, 200, 200, 200, 200, 600],
  );
});

test('drained is told below low water, once, and only if it was asked for', () => {
  const { sink, queue, counts, endTurn } = setUp();
  const chunkBytes = 128 * 1024;
  const writeChunks = (count: number): void => {
    for (let index = 0; index < count; index += 1) queue.write(Buffer.alloc(chunkBytes));
  };
  writeChunks(16);
  endTurn();
  while (queue.pendingBytes > 0) sink.take();
  assert.equal(counts.drained, 0);

  writeChunks(16);
  queue.requestDrained();
  queue.requestDrained();
  endTurn();
  while (counts.drained === 0) {
    assert.ok(queue.pendingBytes >= lowWaterBytes);
    sink.take();
  }
  assert.ok(queue.pendingBytes < lowWaterBytes);
  while (queue.pendingBytes > 0) sink.take();
  assert.equal(counts.drained, 1);
});

test('drained is told of a single byte too if it was asked for, also before it was written', () => {
  const { sink, queue, counts, endTurn } = setUp();
  queue.requestDrained();
  queue.write(Buffer.from('x'));
  endTurn();
  assert.equal(counts.drained, 0);
  sink.take();
  assert.equal(counts.drained, 1);
});

test('who asks again in drained is told again until nothing is pending', () => {
  const sink = new ManualSink();
  const turns: (() => void)[] = [];
  const seen: number[] = [];
  const queue = new OutboundQueue(sink, new TurnEnd((callback) => turns.push(callback)), () => {
    seen.push(queue.pendingBytes);
    if (queue.pendingBytes > 0) queue.requestDrained();
  });
  queue.write(Buffer.alloc(100));
  turns.shift()?.();
  for (let index = 0; index < 3; index += 1) queue.write(Buffer.alloc(100));
  queue.requestDrained();
  while (queue.pendingBytes > 0) sink.take();
  assert.deepEqual(seen, [300, 0]);
});

test('a handler that writes when it is told drained fills the queue again', () => {
  const { sink, queue, counts, endTurn } = setUp();
  for (let round = 1; round <= 2; round += 1) {
    queue.write(Buffer.alloc(mebibyte));
    queue.requestDrained();
    endTurn();
    sink.take();
    assert.equal(counts.drained, round);
  }
});

test('finish hands everything over at once, also past a batch under way, and takes no more', () => {
  const { sink, queue, counts, endTurn } = setUp();
  queue.write(Buffer.from('one '));
  endTurn();
  queue.write(Buffer.from('two '));
  queue.write(Buffer.from('three'));
  queue.requestDrained();
  queue.finish();
  assert.equal(sink.text, 'one two three');
  queue.write(Buffer.from('late'));
  endTurn();
  sink.take();
  sink.take();
  assert.equal(sink.text, 'one two three');
  assert.equal(counts.drained, 0);
});

test('drop forgets what is queued', () => {
  const { sink, queue, counts, endTurn } = setUp();
  queue.write(Buffer.alloc(mebibyte));
  queue.requestDrained();
  endTurn();
  queue.write(Buffer.from('lost'));
  queue.drop();
  assert.equal(queue.pendingBytes, 0);
  sink.take();
  endTurn();
  assert.equal(sink.sent.length, 1);
  assert.equal(counts.drained, 0);
});

test('nothing is sent for nothing', () => {
  const { sink, queue, turns, endTurn } = setUp();
  queue.write(new Uint8Array());
  endTurn();
  queue.flush();
  queue.finish();
  assert.equal(turns.length, 0);
  assert.equal(sink.sent.length, 0);
});
