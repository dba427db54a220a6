import assert from 'node:assert/strict';
import test from 'node:test';
import { lowWaterBytes, OutboundQueue, type OutboundSink } from './outbound-queue.ts';

const mebibyte = 1024 * 1024;

/** A socket that takes what it is given at once, or when the test says so. */
class ManualSink implements OutboundSink {
  readonly sent: (readonly Uint8Array[])[] = [];
  isSlow = false;
  #taken: (() => void)[] = [];

  send(chunk: Uint8Array): boolean {
    return this.sendMany([chunk]);
  }

  sendMany(chunks: readonly Uint8Array[]): boolean {
    this.sent.push(chunks);
    return !this.isSlow;
  }

  whenTaken(callback: () => void): void {
    this.#taken.push(callback);
  }

  take(): void {
    this.#taken.shift()?.();
  }

  get text(): string {
    return Buffer.concat(this.sent.flat()).toString('latin1');
  }
}

function setUp(isSlow: boolean) {
  const sink = new ManualSink();
  sink.isSlow = isSlow;
  const counts = { drained: 0 };
  const queue = new OutboundQueue(sink, {
    drained: () => {
      counts.drained += 1;
    },
  });
  return { sink, queue, counts };
}

test('what the sink takes at once is lent to it, never copied, and pends never', () => {
  const { sink, queue } = setUp(false);
  for (const bytes of [1, 100, 100_000]) {
    const chunk = Buffer.alloc(bytes, 'a');
    assert.equal(queue.lend(chunk), true);
    assert.equal(sink.sent.at(-1)?.[0], chunk);
    assert.equal(queue.pendingBytes, 0);
  }
});

test('what the sink does not take at once belongs to it', () => {
  const { sink, queue } = setUp(true);
  assert.equal(queue.lend(Buffer.from('abc')), false);
  assert.equal(queue.pendingBytes, 3);
  sink.take();
  assert.equal(queue.pendingBytes, 0);
});

test('what is lent while bytes are on their way is copied and follows, in one piece', () => {
  const { sink, queue } = setUp(true);
  queue.lend(Buffer.from('first'));
  const memory = Buffer.from('sec');
  assert.equal(queue.lend(memory), true);
  memory.write('ond');
  assert.equal(queue.lend(memory), true);
  memory.fill('x');
  assert.equal(sink.text, 'first');
  assert.equal(queue.pendingBytes, 11);
  sink.take();
  assert.equal(sink.text, 'firstsecond');
  assert.equal(sink.sent.length, 2);
  assert.equal(queue.pendingBytes, 6);
});

test('large chunks that wait are gathered and never copied', () => {
  const { sink, queue } = setUp(true);
  queue.write(Buffer.from('first'));
  const large = [Buffer.alloc(100_000, 'a'), Buffer.alloc(100_000, 'b')];
  for (const chunk of large) queue.write(chunk);
  sink.take();
  assert.deepEqual(sink.sent[1], large);
  assert.equal(sink.sent[1]?.[0], large[0]);
});

test('at most 256 KiB are on their way unless one chunk is larger', () => {
  const { sink, queue } = setUp(true);
  for (let index = 0; index < 11; index += 1) queue.write(Buffer.alloc(100 * 1024));
  queue.write(Buffer.alloc(600 * 1024));
  const sizes: number[] = [];
  while (sizes.length < sink.sent.length) {
    sizes.push(sink.sent.at(-1)?.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0);
    sink.take();
  }
  assert.deepEqual(
    sizes.map((size) => size / 1024),
    [100, 200, 200, 200, 200, 200, 600],
  );
});

test('a sink that is fast again gets all batches in one go', () => {
  const { sink, queue } = setUp(true);
  for (let index = 0; index < 11; index += 1) queue.write(Buffer.alloc(100 * 1024));
  sink.isSlow = false;
  sink.take();
  assert.equal(sink.sent.length, 6);
  assert.equal(queue.pendingBytes, 0);
});

test('drained is told below low water, once, and only if it was asked for', () => {
  const { sink, queue, counts } = setUp(true);
  const chunkBytes = 128 * 1024;
  const writeChunks = (count: number): void => {
    for (let index = 0; index < count; index += 1) queue.write(Buffer.alloc(chunkBytes));
  };
  writeChunks(16);
  while (queue.pendingBytes > 0) sink.take();
  assert.equal(counts.drained, 0);

  writeChunks(16);
  queue.requestDrained();
  queue.requestDrained();
  while (counts.drained === 0) {
    assert.ok(queue.pendingBytes >= lowWaterBytes);
    sink.take();
  }
  assert.ok(queue.pendingBytes < lowWaterBytes);
  while (queue.pendingBytes > 0) sink.take();
  assert.equal(counts.drained, 1);
});

test('drained is told of a single byte too if it was asked for, also before it was written', () => {
  const { sink, queue, counts } = setUp(true);
  queue.requestDrained();
  queue.write(Buffer.from('x'));
  assert.equal(counts.drained, 0);
  sink.take();
  assert.equal(counts.drained, 1);
});

test('who asks again in drained is told again until nothing is pending', () => {
  const sink = new ManualSink();
  sink.isSlow = true;
  const seen: number[] = [];
  const queue = new OutboundQueue(sink, {
    drained: () => {
      seen.push(queue.pendingBytes);
      if (queue.pendingBytes > 0) queue.requestDrained();
    },
  });
  for (let index = 0; index < 4; index += 1) queue.write(Buffer.alloc(100));
  queue.requestDrained();
  while (queue.pendingBytes > 0) sink.take();
  assert.deepEqual(seen, [300, 0]);
});

test('a handler that writes when it is told drained fills the queue again', () => {
  const { sink, queue, counts } = setUp(true);
  for (let round = 1; round <= 2; round += 1) {
    queue.write(Buffer.alloc(mebibyte));
    queue.requestDrained();
    sink.take();
    assert.equal(counts.drained, round);
  }
});

test('finish hands everything over at once, also past a batch under way, and takes no more', () => {
  const { sink, queue, counts } = setUp(true);
  queue.write(Buffer.from('one '));
  queue.write(Buffer.from('two '));
  queue.write(Buffer.from('three'));
  queue.requestDrained();
  queue.finish();
  assert.equal(sink.text, 'one two three');
  queue.write(Buffer.from('late'));
  assert.equal(queue.lend(Buffer.from('too late')), true);
  sink.take();
  sink.take();
  assert.equal(sink.text, 'one two three');
  assert.equal(counts.drained, 0);
});

test('drop forgets what is queued', () => {
  const { sink, queue, counts } = setUp(true);
  queue.write(Buffer.alloc(mebibyte));
  queue.requestDrained();
  queue.write(Buffer.from('lost'));
  queue.drop();
  assert.equal(queue.pendingBytes, 0);
  sink.take();
  assert.equal(sink.sent.length, 1);
  assert.equal(counts.drained, 0);
});

test('nothing is sent for nothing', () => {
  const { sink, queue } = setUp(false);
  queue.write(new Uint8Array());
  assert.equal(queue.lend(new Uint8Array()), true);
  queue.finish();
  assert.equal(sink.sent.length, 0);
});
