import assert from 'node:assert/strict';
import test from 'node:test';
import {
  highWaterBytes,
  lowWaterBytes,
  OutboundQueue,
  type OutboundSink,
  TurnEnd,
} from './outbound-queue.ts';

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

test('drained is told once, below low water, and only after high water was reached', () => {
  const { sink, queue, counts, endTurn } = setUp();
  const chunkBytes = 128 * 1024;
  const writeChunks = (count: number): void => {
    for (let index = 0; index < count; index += 1) queue.write(Buffer.alloc(chunkBytes));
  };
  writeChunks(highWaterBytes / chunkBytes - 1);
  endTurn();
  while (queue.pendingBytes > 0) sink.take();
  assert.equal(counts.drained, 0);

  writeChunks(highWaterBytes / chunkBytes);
  endTurn();
  while (queue.pendingBytes > 0) {
    assert.equal(counts.drained, 0);
    assert.ok(queue.pendingBytes >= lowWaterBytes);
    sink.take();
    if (counts.drained > 0) break;
  }
  assert.ok(queue.pendingBytes < lowWaterBytes);
  assert.equal(counts.drained, 1);
  while (queue.pendingBytes > 0) sink.take();
  assert.equal(counts.drained, 1);
});

test('a handler that writes when it is told drained fills the queue again', () => {
  const { sink, queue, counts, endTurn } = setUp();
  queue.write(Buffer.alloc(highWaterBytes));
  endTurn();
  sink.take();
  assert.equal(counts.drained, 1);
  queue.write(Buffer.alloc(highWaterBytes));
  endTurn();
  sink.take();
  assert.equal(counts.drained, 2);
});

test('finish hands everything over at once, also past a batch under way, and takes no more', () => {
  const { sink, queue, counts, endTurn } = setUp();
  queue.write(Buffer.from('one '));
  endTurn();
  queue.write(Buffer.from('two '));
  queue.write(Buffer.from('three'));
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
  queue.write(Buffer.alloc(highWaterBytes));
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
