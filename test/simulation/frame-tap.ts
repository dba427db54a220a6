/** The frame of a packet that the broker wrote, before anything of it can get lost. */
export interface WrittenFrame {
  readonly type: number;
  /** The Packet Identifier of an acknowledgement, SUBACK or UNSUBACK, else 0. */
  readonly packetId: number;
}

const firstWithPacketId = 4; // PUBACK
const lastWithPacketId = 11; // UNSUBACK

/** Looks at the frames of what the broker writes, with framing of its own: a type, a length, two bytes. */
export class FrameTap {
  private readonly written: (frame: WrittenFrame) => void;
  /** The beginning of a packet that is not known yet. */
  private head: number[] = [];
  /** Bytes of the present packet that are still to come and of no interest. */
  private rest = 0;

  constructor(written: (frame: WrittenFrame) => void) {
    this.written = written;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.rest > 0) {
        const skipped = Math.min(this.rest, bytes.length - at);
        this.rest -= skipped;
        at += skipped;
      } else {
        this.head.push(bytes[at++] as number);
        this.look();
      }
    }
  }

  private look(): void {
    const [first = 0, ...rest] = this.head;
    const lengthBytes = rest.findIndex((byte) => byte < 0x80) + 1;
    if (lengthBytes === 0) return;
    const type = first >> 4;
    const hasId = type >= firstWithPacketId && type <= lastWithPacketId;
    const [high = 0, low = 0] = rest.slice(lengthBytes);
    if (hasId && rest.length < lengthBytes + 2) return;
    const length = rest
      .slice(0, lengthBytes)
      .reduce((sum, byte, index) => sum + (byte & 0x7f) * 128 ** index, 0);
    this.head = [];
    this.rest = length - (hasId ? 2 : 0);
    this.written({ type, packetId: hasId ? (high << 8) | low : 0 });
  }
}
