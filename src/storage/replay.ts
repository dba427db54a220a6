import type { FoundRecord } from './log/read-log.ts';
import { RecordReader } from './log/record-reader.ts';
import type { Segment } from './log/segment.ts';
import { MessageFlag, readMovedReceiver, readReceiver, readTopicName } from './message-codec.ts';
import { OpRecord, presentFlag, readOp } from './op-codec.ts';
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

  /** @throws RecordError for a record that makes no sense */
  record(record: FoundRecord, segment: Segment): void {
    const { image, reader } = this;
    const { type, flags, lsn, offset, end } = record;
    reader.reset(record.bytes, record.payloadStart, end);
    if (type === OpRecord.message) {
      this.message(record, segment);
      return;
    }
    const place = { segment, offset, bytes: end - offset };
    const present = (flags & presentFlag) === 0 ? undefined : place;
    switch (type) {
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
    const known = isMoved ? image.messages.get(id) : undefined;
    if (known !== undefined) image.forget(known);
    const message = image.message(id, segment, offset, end - offset);
    for (let left = reader.varint(); left > 0; left--) {
      if (isMoved) image.receiveMoved(message, readMovedReceiver(reader));
      else image.receive(message, readReceiver(reader), lsn);
    }
    if ((flags & (MessageFlag.retainSet | MessageFlag.retainRemove)) !== 0) {
      const isRetained = (flags & MessageFlag.retainSet) !== 0;
      image.retain(readTopicName(reader), isRetained ? message : undefined);
    }
    image.forgetUnneeded(message);
  }
}
