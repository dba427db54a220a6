/**
 * Every operation of the store's interface as a record of the log. If you add an operation: a type here, a
 * case in `writeOp` and `readOp`, one in `StateImage.replay`, and a generator in op-codec.test.ts.
 */
import type { Op, Receiver, SessionNumber } from '../broker/index.ts';
import type { Lsn, Message } from '../session/index.ts';
import { RecordError, type RecordReader } from './log/record-reader.ts';
import type { RecordWriter } from './log/record-writer.ts';
import {
  MessageFlag,
  type MovedReceiver,
  readContent,
  readMovedReceiver,
  readReceiver,
  skipReceivers,
  writeContent,
  writeReceiver,
} from './message-codec.ts';
import {
  readSession,
  readSubscription,
  type StoredSubscription,
  writeSession,
  writeSubscription,
} from './session-codec.ts';

/** Record types, from `userRecordMin` on. */
export const OpRecord = {
  message: 16,
  queued: 17,
  settled: 18,
  inflight: 19,
  unreleased: 20,
  session: 21,
  subscription: 22,
  retainedRemoved: 23,
} as const;

/** The record says that something is there; without it, that it is no more. */
export const presentFlag = 0x01;

/** The log, as far as writing operations goes. */
export interface RecordLog {
  begin(type: number, flags: number): RecordWriter;
  end(): Lsn;
}

/** What a record says: an operation, or a message that compaction has moved. */
export type StoredOp =
  | Exclude<Op, { kind: 'subscription' }>
  | {
      readonly kind: 'subscription';
      readonly session: SessionNumber;
      readonly key: string;
      readonly subscription: StoredSubscription | undefined;
    }
  | {
      readonly kind: 'moved';
      readonly message: Message;
      readonly to: readonly MovedReceiver[];
      readonly retained: boolean;
    };

/** Appends the operation as one record. */
export function writeOp(log: RecordLog, op: Op): Lsn {
  switch (op.kind) {
    case 'message': {
      const writer = log.begin(OpRecord.message, retainFlags[op.retain]);
      writer.varint(op.to.length);
      for (const receiver of op.to) writeReceiver(writer, receiver);
      writeContent(writer, op.message);
      break;
    }
    case 'queued': {
      const writer = log.begin(OpRecord.queued, 0);
      writer.varint(op.message);
      writeReceiver(writer, op.to);
      break;
    }
    case 'settled': {
      const writer = log.begin(OpRecord.settled, 0);
      writer.varint(op.session);
      writer.varint(op.message);
      writer.uint16(op.packetId ?? 0);
      break;
    }
    case 'inflight': {
      const writer = log.begin(OpRecord.inflight, op.released ? presentFlag : 0);
      writer.varint(op.session);
      writer.varint(op.message);
      writer.uint16(op.packetId);
      break;
    }
    case 'unreleased': {
      const writer = log.begin(OpRecord.unreleased, op.held ? presentFlag : 0);
      writer.varint(op.session);
      writer.uint16(op.packetId);
      break;
    }
    case 'session': {
      const writer = log.begin(OpRecord.session, op.record === undefined ? 0 : presentFlag);
      writer.varint(op.session);
      if (op.record !== undefined) writeSession(writer, op.record);
      break;
    }
    case 'subscription': {
      const flags = op.subscription === undefined ? 0 : presentFlag;
      const writer = log.begin(OpRecord.subscription, flags);
      writer.varint(op.session);
      writer.string(op.key);
      if (op.subscription !== undefined) writeSubscription(writer, op.subscription);
      break;
    }
    case 'retained-removed':
      log.begin(OpRecord.retainedRemoved, 0).string(op.topicName);
      break;
    default:
      op satisfies never;
  }
  return log.end();
}

/** @throws RecordError for anything that `writeOp` and compaction do not write */
export function readOp(type: number, flags: number, lsn: Lsn, reader: RecordReader): StoredOp {
  const op = readFields(type, flags, lsn, reader);
  if (reader.remaining > 0) throw new RecordError(`${reader.remaining} bytes too many`);
  return op;
}

function readFields(type: number, flags: number, lsn: Lsn, reader: RecordReader): StoredOp {
  const isPresent = (flags & presentFlag) !== 0;
  switch (type) {
    case OpRecord.message:
      return readMessage(flags, lsn, reader);
    case OpRecord.queued:
      return { kind: 'queued', message: reader.varint(), to: readReceiver(reader) };
    case OpRecord.settled: {
      const [session, message, packetId] = [reader.varint(), reader.varint(), reader.uint16()];
      return { kind: 'settled', session, message, packetId: packetId || undefined };
    }
    case OpRecord.inflight: {
      const [session, message, packetId] = [reader.varint(), reader.varint(), reader.uint16()];
      return { kind: 'inflight', session, message, packetId, released: isPresent };
    }
    case OpRecord.unreleased: {
      const [session, packetId] = [reader.varint(), reader.uint16()];
      return { kind: 'unreleased', session, packetId, held: isPresent };
    }
    case OpRecord.session: {
      const session = reader.varint();
      return { kind: 'session', session, record: isPresent ? readSession(reader) : undefined };
    }
    case OpRecord.subscription: {
      const [session, key] = [reader.varint(), reader.string()];
      const subscription = isPresent ? readSubscription(reader) : undefined;
      return { kind: 'subscription', session, key, subscription };
    }
    case OpRecord.retainedRemoved:
      return { kind: 'retained-removed', topicName: reader.string() };
    default:
      throw new RecordError(`there is no record type ${type}`);
  }
}

/** Of a record that holds a message: what was published, without its receivers. */
export function readMessageOf(
  flags: number,
  id: Lsn,
  reader: RecordReader,
  topicName?: string,
): Message {
  const isMoved = (flags & MessageFlag.moved) !== 0;
  if (isMoved) reader.varint();
  skipReceivers(reader, isMoved);
  return readContent(reader, id, topicName);
}

const retainFlags = {
  none: 0,
  set: MessageFlag.retainSet,
  remove: MessageFlag.retainRemove,
} as const;

function readMessage(flags: number, lsn: Lsn, reader: RecordReader): StoredOp {
  if ((flags & MessageFlag.moved) !== 0) {
    const id = reader.varint();
    const to = readList(reader, readMovedReceiver);
    const retained = (flags & MessageFlag.retainSet) !== 0;
    return { kind: 'moved', message: readContent(reader, id), to, retained };
  }
  const to: Receiver[] = readList(reader, readReceiver);
  const isRemoved = (flags & MessageFlag.retainRemove) !== 0;
  const retain = (flags & MessageFlag.retainSet) !== 0 ? 'set' : isRemoved ? 'remove' : 'none';
  return { kind: 'message', message: readContent(reader, lsn), to, retain };
}

/** How many, then each of them. */
function readList<T>(reader: RecordReader, read: (reader: RecordReader) => T): T[] {
  const count = reader.varint();
  if (count > reader.remaining) throw new RecordError(`${count} entries do not fit`);
  return Array.from({ length: count }, () => read(reader));
}
