import type { FoundRecord } from './log/read-log.ts';
import { RecordReader } from './log/record-reader.ts';
import type { Segment } from './log/segment.ts';
import { MessageFlag, readMovedReceiver, readReceiver, readTopicName } from './message-codec.ts';
import { OpRecord, presentFlag, readList, readOp } from './op-codec.ts';
import type { StateImage } from './state-image.ts';

/**
 * Brings records of the log into an image. Only what the image keeps is decoded; of a message that is its
 * receivers, and its Topic Name where it is retained.
 */
export class Replay {
  private readonly image: StateImage;
  private readonly reader = new RecordReader(new Uint8Array(0));

  constructor(image: StateImage) {
    this.image = image;
  }

  /** @throws RecordError for a record that makes no sense; the image is as good as before then */
  record(record: FoundRecord, segment: Segment): void {
    const { image, reader } = this;
    const { type, flags, lsn, offset, end } = record;
    reader.reset(record.bytes, record.payloadStart, end);
    const place = { segment, offset, bytes: end - offset };
    const present = (flags & presentFlag) === 0 ? undefined : place;
    switch (type) {
      case OpRecord.message:
        this.message(record, segment);
        break;
      case OpRecord.unreleased:
        image.unreleased(reader.varint(), reader.uint16(), present);
        break;
      case OpRecord.session:
        image.session(reader.varint(), present);
        break;
      case OpRecord.subscription:
        image.subscription(reader.varint(), reader.string(), present);
        break;
      default: {
        const op = readOp(type, flags, lsn, reader);
        if (op.kind !== 'moved' && op.kind !== 'subscription') {
          image.apply(op, lsn, segment, offset, place.bytes);
        }
      }
    }
  }

  private message(record: FoundRecord, segment: Segment): void {
    const { image, reader } = this;
    const { flags, lsn, offset, end } = record;
    const isMoved = (flags & MessageFlag.moved) !== 0;
    const id = isMoved ? reader.varint() : lsn;
    const movedTo = isMoved ? readList(reader, readMovedReceiver) : [];
    const to = isMoved ? [] : readList(reader, readReceiver);
    const changesRetained = (flags & (MessageFlag.retainSet | MessageFlag.retainRemove)) !== 0;
    const topicName = changesRetained ? readTopicName(reader) : '';
    const known = image.messages.get(id);
    if (known !== undefined) image.forget(known);
    const message = image.message(id, segment, offset, end - offset);
    for (const receiver of to) image.receive(message, receiver, lsn);
    for (const receiver of movedTo) image.receiveMoved(message, receiver);
    if (changesRetained) {
      const isRetained = (flags & MessageFlag.retainSet) !== 0;
      image.retain(topicName, isRetained ? message : undefined);
    }
    image.forgetUnneeded(message);
  }
}
