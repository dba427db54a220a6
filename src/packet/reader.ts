/**
 * Cuts a stream of bytes into packets (MQTT 5.0 §2.1) and decodes them.
 *
 * The bytes may arrive in any cut. A small packet that lies in one chunk is decoded where it lies, and its
 * payload is a view into that chunk, which is on loan: the network reads the next bytes into the same
 * memory. A packet that spans chunks is copied, into a buffer that grows as bytes arrive: never far ahead
 * of them (an announced length costs nothing), and never byte by byte (a large packet in tiny chunks stays
 * linear). That buffer is not used again, so views into it stay valid. Large packets are copied so too, which
 * is the only time that their payload is: from there on it travels by reference. Chunks pushed before the
 * earlier ones were read wait in a queue. Rejected: one growing buffer for everything (copies every byte), and
 * a reader that calls back (the caller could not stop it).
 *
 * Hot path: `push` and `next`, measured by bench/packet-publish.ts.
 */
import { decodeConnect, readProtocol } from './connect.ts';
import { checkEnd, decodeFromClient, decodeFromServer } from './decode.ts';
import { checkFirstByte, checkFixedHeader, packetName } from './fixed-header.ts';
import {
  type ClientPacket,
  MqttVersion,
  type Packet,
  PacketType,
  type ServerPacket,
} from './packet.ts';
import { ByteReader } from './primitives.ts';
import { malformed, ProtocolError, UnsupportedVersionError } from './protocol-error.ts';
import { ReasonCode } from './reason-code.ts';

/** What each role reads: a server what clients send, a client what the server sends. */
export interface PacketsByRole {
  server: ClientPacket;
  client: ServerPacket;
}
export type ReaderRole = keyof PacketsByRole;

export interface PacketReaderOptions<R extends ReaderRole> {
  readonly role: R;
  /** Bytes of a whole packet, its fixed header included. Default: no limit but MQTT's own. */
  readonly maximumPacketSize?: number;
  /** A client must give it. A server learns it from CONNECT; given, the CONNECT counts as already read. */
  readonly version?: MqttVersion;
}

/** Fixed header of 5 bytes and the greatest Remaining Length. */
const greatestPacketSize = 5 + 268_435_455;
/** The least that is allocated for a packet that spans chunks. */
const partialBytesMinimum = 64;

/** A PUBLISH with a payload of this size lies in a buffer of its own, which nobody writes to again. */
export const ownPayloadBytesMin: number = 32 * 1024;

const empty = new Uint8Array(0);

export class PacketReader<R extends ReaderRole = 'server'> {
  /**
   * The version of the connection; `undefined` until a CONNECT names it. After an error within the
   * CONNECT it is the version to answer in; if it is still undefined, there is none.
   */
  version: MqttVersion | undefined;
  /** May be changed at any time; counts for packets whose fixed header was not yet seen. */
  maximumPacketSize: number;

  readonly #isServer: boolean;
  readonly #body: ByteReader = new ByteReader();
  #isClosed = false;

  #chunk: Uint8Array = empty;
  #offset = 0;
  readonly #waiting: Uint8Array[] = [];
  /** Of the first chunk that waits; those before it were read. */
  #waitingIndex = 0;
  #bufferedBytes = 0;
  /** The chunk pushed last is on loan. */
  #isLent = false;

  /** The beginning of a packet that spans chunks. */
  #partial: Uint8Array = empty;
  #partialLength = 0;

  /** Of the fixed header that `#readHeader` saw last. `#packetLength` is 0 while it is incomplete. */
  #packetLength = 0;
  #headerLength = 0;
  #isHeaderPadded = false;

  constructor(options: PacketReaderOptions<R>) {
    if (options.role === 'client' && options.version === undefined) {
      throw new Error('A PacketReader with the role client needs the version of the connection');
    }
    this.#isServer = options.role === 'server';
    this.version = options.version;
    this.maximumPacketSize = options.maximumPacketSize ?? greatestPacketSize;
  }

  /** Bytes pushed that no returned packet accounts for yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /**
   * Takes bytes from the network. The chunk is on loan until `giveBack`: later calls of `next()` read it, and
   * the payloads of their packets are views into it, unless they have `ownPayloadBytesMin` or more.
   */
  push(chunk: Uint8Array): void {
    if (this.#isClosed || chunk.length === 0) return;
    this.#bufferedBytes += chunk.length;
    this.#isLent = true;
    if (this.#offset < this.#chunk.length) {
      this.#waiting.push(chunk);
    } else {
      this.#chunk = chunk;
      this.#offset = 0;
    }
  }

  /** The chunk pushed last will be written to: what of it was not read yet is copied. */
  giveBack(): void {
    if (!this.#isLent) return;
    this.#isLent = false;
    this.#body.reset(empty, 0, 0);
    if (this.#chunk.length === 0) return;
    const last = this.#waiting.length - 1;
    if (last >= this.#waitingIndex) {
      this.#waiting[last] = new Uint8Array(this.#waiting[last] ?? empty);
    } else {
      this.#chunk = new Uint8Array(this.#chunk.subarray(this.#offset));
      this.#offset = 0;
    }
  }

  /**
   * The next complete packet, or `undefined` until more bytes are pushed.
   * @throws ProtocolError when the peer broke the protocol. The reader is closed then: it holds no bytes,
   * takes none, and returns `undefined`.
   */
  next(): PacketsByRole[R] | undefined {
    if (this.#isClosed) return undefined;
    try {
      // The role was fixed with R in the constructor; the compiler cannot follow that to here.
      return this.#next() as PacketsByRole[R] | undefined;
    } catch (error) {
      if (error instanceof UnsupportedVersionError) this.version = error.answerVersion;
      this.#close();
      throw error;
    }
  }

  #next(): Packet | undefined {
    if (this.#partialLength > 0) return this.#nextAcrossChunks();
    const offset = this.#offset;
    const chunk = this.#chunk;
    if (offset === chunk.length) return undefined;
    this.#readHeader(chunk, offset, chunk.length);
    const length = this.#packetLength;
    if (length === 0 || offset + length > chunk.length) return this.#nextAcrossChunks();
    this.#advance(length);
    this.#bufferedBytes -= length;
    if (length <= ownPayloadBytesMin) return this.#decode(chunk, offset);
    return this.#decode(new Uint8Array(chunk.subarray(offset, offset + length)), 0);
  }

  /** Moves bytes from the chunks into `#partial` until the packet is complete there. */
  #nextAcrossChunks(): Packet | undefined {
    this.#readHeader(this.#partial, 0, this.#partialLength);
    while (this.#packetLength === 0) {
      if (!this.#collect(1)) return undefined;
      this.#readHeader(this.#partial, 0, this.#partialLength);
    }
    if (!this.#collect(this.#packetLength - this.#partialLength)) return undefined;
    const packet = this.#partial;
    this.#bufferedBytes -= this.#packetLength;
    this.#partial = empty;
    this.#partialLength = 0;
    return this.#decode(packet, 0);
  }

  /** Appends `length` bytes to `#partial`; false when there were not that many. */
  #collect(length: number): boolean {
    let missing = length;
    while (missing > 0) {
      const available = Math.min(missing, this.#chunk.length - this.#offset);
      if (available === 0) return false;
      this.#reservePartial(available);
      this.#partial.set(
        this.#chunk.subarray(this.#offset, this.#offset + available),
        this.#partialLength,
      );
      this.#partialLength += available;
      this.#advance(available);
      missing -= available;
    }
    return true;
  }

  #reservePartial(length: number): void {
    const needed = this.#partialLength + length;
    if (needed <= this.#partial.length) return;
    let capacity = Math.max(partialBytesMinimum, needed * 4);
    // Not more than the packet will have.
    if (this.#packetLength > 0) capacity = Math.min(capacity, this.#packetLength);
    const grown = new Uint8Array(capacity);
    grown.set(this.#partial.subarray(0, this.#partialLength));
    this.#partial = grown;
  }

  /** Moves on in the current chunk, and to the next one behind its end. */
  #advance(length: number): void {
    this.#offset += length;
    if (this.#offset < this.#chunk.length) return;
    const following = this.#waiting[this.#waitingIndex];
    this.#chunk = following ?? empty;
    this.#offset = 0;
    if (following === undefined) return;
    this.#waitingIndex++;
    // Each chunk is moved once at most: half of the array was read when it is cut.
    if (this.#waitingIndex * 2 >= this.#waiting.length) {
      this.#waiting.splice(0, this.#waitingIndex);
      this.#waitingIndex = 0;
    }
  }

  /** Reads and checks the fixed header at `offset`; what is not there yet is not judged. */
  #readHeader(bytes: Uint8Array, offset: number, end: number): void {
    this.#packetLength = 0;
    if (offset >= end) return;
    const firstByte = bytes[offset] ?? 0;
    if (this.version === undefined) checkFirstByte(firstByte);
    else checkFixedHeader(firstByte, this.version, this.#isServer);
    let remainingLength = 0;
    let at = offset + 1;
    for (let shift = 0; ; shift += 7) {
      // §1.5.5
      if (shift > 21) throw malformed('Remaining Length has more than four bytes');
      if (at >= end) return;
      const byte = bytes[at++] ?? 0;
      remainingLength |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#isHeaderPadded = byte === 0 && shift > 0;
        break;
      }
    }
    this.#headerLength = at - offset;
    this.#packetLength = this.#headerLength + remainingLength;
    if (this.#isHeaderPadded && this.version === MqttVersion.v5) throw padded();
    if (this.#packetLength > this.maximumPacketSize) {
      throw new ProtocolError(
        ReasonCode.packetTooLarge,
        `${packetName(firstByte >> 4)} has ${this.#packetLength} bytes; the maximum is ${this.maximumPacketSize}`,
      );
    }
  }

  /** Decodes the complete packet at `offset`, the one that `#readHeader` saw last. */
  #decode(bytes: Uint8Array, offset: number): Packet {
    const body = this.#body;
    body.reset(bytes, offset + this.#headerLength, offset + this.#packetLength);
    const firstByte = bytes[offset] ?? 0;
    const version = this.version;
    if (version === undefined) return this.#decodeConnect(body);
    return this.#isServer
      ? decodeFromClient(body, firstByte, version)
      : decodeFromServer(body, firstByte, version);
  }

  #decodeConnect(body: ByteReader): Packet {
    const protocol = readProtocol(body);
    this.version = protocol.version;
    // Only now the version is known: 3.x has no statement against it.
    if (this.#isHeaderPadded && protocol.version === MqttVersion.v5) throw padded();
    const packet = decodeConnect(body, protocol);
    checkEnd(body, PacketType.connect);
    return packet;
  }

  #close(): void {
    this.#isClosed = true;
    this.#chunk = empty;
    this.#offset = 0;
    this.#waiting.length = 0;
    this.#waitingIndex = 0;
    this.#partial = empty;
    this.#partialLength = 0;
    this.#bufferedBytes = 0;
    this.#isLent = false;
    this.#body.reset(empty, 0, 0);
  }
}

/** [MQTT-1.5.5-1] */
function padded(): ProtocolError {
  return malformed('Remaining Length is longer than its value needs');
}
