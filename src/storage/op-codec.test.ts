import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Op } from '../broker/index.ts';
import type { Message } from '../session/index.ts';
import { RecordError, RecordReader } from './log/record-reader.ts';
import { RecordWriter } from './log/record-writer.ts';
import {
  MessageFlag,
  type MovedReceiver,
  writeContent,
  writeMovedReceiver,
} from './message-codec.ts';
import { OpRecord, readOp, type StoredOp, writeOp } from './op-codec.ts';
import { RandomOps } from './random-ops.test-kit.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';

/** One record in memory. */
class OneRecord {
  readonly writer: RecordWriter = new RecordWriter();

  begin(type: number, flags: number): RecordWriter {
    this.writer.reset();
    this.writer.beginRecord(77, type, flags);
    return this.writer;
  }

  end(): number {
    this.writer.endRecord(0);
    return 77;
  }

  get bytes(): Uint8Array {
    return this.writer.bytes.slice(0, this.writer.length);
  }
}

const log = new OneRecord();

function decode(bytes: Uint8Array): StoredOp {
  return readOp(bytes[16] as number, bytes[17] as number, 77, new RecordReader(bytes, 18));
}

/** Everything that is to come back, in comparable form. */
function plain(op: Op | StoredOp): unknown {
  switch (op.kind) {
    case 'message':
    case 'moved':
      return { ...op, message: plainMessage(op.message), to: op.to };
    case 'subscription': {
      if (op.subscription === undefined) return { ...op };
      const { topicFilter, shareName, qos, noLocal } = op.subscription;
      const { retainAsPublished, retainHandling, identifier } = op.subscription;
      const options = { qos, noLocal, retainAsPublished, retainHandling, identifier };
      return { ...op, subscription: { topicFilter, shareName, ...options } };
    }
    default:
      return op;
  }
}

function plainMessage(message: Message): unknown {
  const { topicName, qos, retain, properties, publisherId, publisherName } = message;
  const { receivedAtMs, expiresAtMs } = message;
  const payload = Buffer.from(message.payload).toString('hex');
  const fields = { topicName, qos, retain, properties, publisherId, publisherName };
  return { ...fields, receivedAtMs, expiresAtMs, payload };
}

test('every operation comes back from its record as it was', () => {
  const ops = new RandomOps(new SeededChance(1));
  for (let i = 0; i < 3000; i++) {
    const op = ops.next();
    assert.equal(writeOp(log, op), 77);
    assert.deepEqual(plain(decode(log.bytes)), plain(op), `operation ${i}`);
  }
});

test('a stored message has its LSN as its number, and a body of its own', () => {
  const message = new RandomOps(new SeededChance(5)).message();
  writeOp(log, { kind: 'message', message, to: [], retain: 'set' });
  const { bytes } = log;
  const op = decode(bytes);
  assert.ok(op.kind === 'message');
  assert.equal(op.message.lsn, 77);
  assert.ok(message.payload.length > 0);
  bytes.fill(0);
  assert.deepEqual(op.message.payload, message.payload);
});

test('a moved message keeps its number and how far each receiver is', () => {
  const message = new RandomOps(new SeededChance(5)).message();
  const plainReceiver = { session: 1, qos: 1, subscriptionIdentifiers: undefined } as const;
  const to: MovedReceiver[] = [
    {
      ...plainReceiver,
      retain: false,
      share: undefined,
      queuedAt: 5,
      packetId: 0,
      released: false,
      sentAt: 0,
    },
    {
      session: 2 ** 40,
      qos: 2,
      subscriptionIdentifiers: [1, 2],
      retain: true,
      share: '$share/g/t',
      queuedAt: 2 ** 50,
      packetId: 65_535,
      released: true,
      sentAt: 2 ** 51,
    },
  ];
  const writer = log.begin(OpRecord.message, MessageFlag.moved | MessageFlag.retainSet);
  writer.varint(12_345_678_901);
  writer.varint(to.length);
  for (const receiver of to) writeMovedReceiver(writer, receiver);
  writeContent(writer, message);
  log.end();
  const op = decode(log.bytes);
  assert.ok(op.kind === 'moved');
  assert.equal(op.message.lsn, 12_345_678_901);
  assert.deepEqual(op.to, to);
  assert.equal(op.retained, true);
});

test('records that make no sense are refused with a RecordError, never with anything else', () => {
  const chance = new SeededChance(2);
  const ops = new RandomOps(chance);
  let refused = 0;
  const attempt = (bytes: Uint8Array): void => {
    try {
      decode(bytes);
    } catch (error) {
      assert.ok(error instanceof RecordError, String(error));
      refused++;
    }
  };
  for (let i = 0; i < 1500; i++) {
    writeOp(log, ops.next());
    const { bytes } = log;
    const isMessage = bytes[16] === OpRecord.message;
    if (!isMessage) assert.throws(() => decode(bytes.subarray(0, bytes.length - 1)), RecordError);
    attempt(bytes.subarray(0, 18 + chance.below(bytes.length - 17)));
    for (let flips = 0; flips < 5; flips++) {
      const at = 16 + chance.below(bytes.length - 16);
      bytes[at] = chance.below(256);
      attempt(bytes);
    }
    attempt(Uint8Array.from({ length: 18 + chance.below(60) }, () => chance.below(256)));
  }
  assert.ok(refused > 2000, `${refused}`);
});
