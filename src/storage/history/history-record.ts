import type { KeptMessage } from '../../broker/index.ts';
import type { Message } from '../../session/index.ts';
import { readUint64, userRecordMin } from '../log/format.ts';
import { RecordReader } from '../log/record-reader.ts';
import type { RecordWriter } from '../log/record-writer.ts';
import { readContent, readTopicName, writeContent } from '../message-codec.ts';

/** Type of the records of the history: the message's number u64, then its content. */
export const historyRecord: number = userRecordMin;

const numberBytes = 8;

export function writeHistoryRecord(writer: RecordWriter, number: number, message: Message): void {
  writer.uint64(number);
  writeContent(writer, message);
}

/** Reads the payload of such a record, no more of it than is asked for. Throws a RecordError where it is none. */
export class HistoryRecordReader {
  private readonly reader = new RecordReader(new Uint8Array(0));

  number(bytes: Uint8Array, start: number): number {
    return readUint64(bytes, start);
  }

  topicName(bytes: Uint8Array, start: number, end: number): string {
    this.reader.reset(bytes, start + numberBytes, end);
    return readTopicName(this.reader);
  }

  message(bytes: Uint8Array, start: number, end: number): KeptMessage {
    this.reader.reset(bytes, start + numberBytes, end);
    return { number: this.number(bytes, start), message: readContent(this.reader, 0) };
  }
}
