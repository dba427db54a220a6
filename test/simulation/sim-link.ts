/**
 * A Network Connection of the simulation: two pipes of bytes that are moved in any cut, held up, or cut
 * off with what is in them. It keeps to the contract of `Link` and knows of every packet that the client
 * wrote where its last byte is, so that the model can tell what the broker has seen.
 */
import type { Link, LinkHandler, LinkOrigin } from '../../src/broker/index.ts';
import { type ClientPacket, encodePacket, type MqttVersion } from '../../src/packet/index.ts';
import { FrameTap, type WrittenFrame } from './frame-tap.ts';
import type { Publication } from './publication.ts';

/** A packet that the client sent. */
export interface Sent {
  readonly packet: ClientPacket;
  readonly publication: Publication | undefined;
  /** Bytes sent on this link up to and with this packet. */
  readonly end: number;
  /** Filters of a SUBSCRIBE or UNSUBSCRIBE that the broker has decided. */
  decided: number;
  /** What its acknowledgement has to wait for. */
  lsn: number;
}

/** The client's end. */
export interface LinkOwner {
  received(link: SimLink, bytes: Uint8Array): void;
  /** The broker closed, and everything it sent was read. */
  closed(link: SimLink): void;
}

export interface LinkWatcher {
  frameWritten(link: SimLink, frame: WrittenFrame): void;
}

const lowWaterBytes = 512;

export class SimLink implements Link {
  readonly origin: LinkOrigin;
  readonly version: MqttVersion;
  /** The client it belongs to, by the name that the trace uses. */
  readonly clientName: string;
  readonly sent: Sent[] = [];
  /** Index into `sent`: before it everything was handled by the broker. */
  handled = 0;
  /** Index into `sent`: before it everything was answered. */
  answered = 0;
  sentBytes = 0;
  deliveredBytes = 0;
  writtenBytes = 0;
  /** When the last complete packet reached the broker. */
  lastPacketMs: number;
  /** The Keep Alive in force, in milliseconds; 0 = none. */
  keepAliveMs = 0;
  /** When its CONNACK was written. */
  openedAtMs: number = Infinity;
  /** Of its CONNECT. */
  will: Publication | undefined;
  /**
   * `broken`: the client's end is gone and the broker has not been told; `ended`: the broker ended it,
   * the client may still read.
   */
  state: 'open' | 'broken' | 'ended' | 'closed' = 'open';
  /** The client takes nothing. */
  isStuck = false;
  /** The client left it open behind it. */
  isAbandoned = false;
  pendingBytes = 0;
  private readonly owner: LinkOwner;
  private readonly tap: FrameTap;
  private handler: LinkHandler | undefined;
  private isPaused = false;
  private up: Uint8Array[] = [];
  private down: Uint8Array[] = [];
  private deliveredIndex = 0;
  private owesDrained = false;

  constructor(
    number: number,
    version: MqttVersion,
    clientName: string,
    owner: LinkOwner,
    watcher: LinkWatcher,
    nowMs: number,
  ) {
    this.version = version;
    this.clientName = clientName;
    this.owner = owner;
    this.lastPacketMs = nowMs;
    this.tap = new FrameTap((frame) => watcher.frameWritten(this, frame));
    this.origin = {
      transport: 'memory',
      listenerName: 'simulation',
      remoteAddress: '127.0.0.1',
      remotePort: number,
      reach: 'loopback',
      certificate: undefined,
      encryption: undefined,
    };
  }

  opened(handler: LinkHandler): void {
    this.handler = handler;
  }

  /** The broker regards it as a connection. */
  get isAlive(): boolean {
    return this.state === 'open' || this.state === 'broken';
  }

  /** When the broker may give up waiting for a packet [MQTT-3.1.2-22]. */
  get deadlineMs(): number {
    return this.keepAliveMs === 0 ? Infinity : this.lastPacketMs + 1.5 * this.keepAliveMs;
  }

  /** Bytes could move if asked to. */
  get hasWork(): boolean {
    return this.canDeliverUp || this.canDeliverDown || (this.state === 'ended' && !this.isStuck);
  }

  private get canDeliverUp(): boolean {
    return this.state === 'open' && !this.isPaused && this.up.length > 0;
  }

  private get canDeliverDown(): boolean {
    return !this.isStuck && this.down.length > 0;
  }

  /** Packets that reached the broker completely. */
  get deliveredPackets(): number {
    return this.deliveredIndex;
  }

  // ---- Link, used by the broker ------------------------------------------------------------------------

  write(bytes: Uint8Array): void {
    this.writtenBytes += bytes.length;
    this.tap.push(bytes);
    if (!this.isAlive) return;
    this.pendingBytes += bytes.length;
    if (this.state === 'open') this.down.push(bytes);
  }

  lend(bytes: Uint8Array): boolean {
    this.write(new Uint8Array(bytes));
    return true;
  }

  requestDrained(): void {
    this.owesDrained = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended';
    else if (this.state === 'broken') this.close();
    this.up = [];
  }

  destroy(): void {
    this.down = [];
    this.close();
  }

  // ---- the client's side --------------------------------------------------------------------------------

  send(packet: ClientPacket, publication: Publication | undefined = undefined): Sent {
    const bytes = encodePacket(packet, this.version);
    this.sentBytes += bytes.length;
    const sent: Sent = { packet, publication, end: this.sentBytes, decided: 0, lsn: 0 };
    this.sent.push(sent);
    if (this.state === 'open') this.up.push(bytes);
    return sent;
  }

  /** The network fails: what is under way in either direction is lost. The broker learns of it later. */
  break(): void {
    this.up = [];
    this.down = [];
    if (this.state === 'open') this.state = 'broken';
    else if (this.state === 'ended') this.close();
  }

  /** The broker's side notices. */
  discover(): void {
    if (this.state !== 'broken') return;
    this.close();
  }

  private close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.pendingBytes = 0;
    this.handler?.closed();
  }

  // ---- the network --------------------------------------------------------------------------------------

  /** Moves up to `count` bytes towards the broker, in one chunk. */
  deliverUp(count: number, nowMs: number): void {
    if (!this.canDeliverUp) return;
    const chunk = takeBytes(this.up, count);
    this.deliveredBytes += chunk.length;
    while ((this.sent[this.deliveredIndex]?.end ?? Infinity) <= this.deliveredBytes) {
      this.deliveredIndex++;
      this.lastPacketMs = nowMs;
    }
    this.handler?.received(chunk);
    chunk.fill(0xee); // It was on loan.
  }

  /** Moves up to `count` bytes towards the client, in one chunk, and closes what was ended and read. */
  deliverDown(count: number): void {
    if (this.canDeliverDown) {
      const chunk = takeBytes(this.down, count);
      this.pendingBytes -= chunk.length;
      this.owner.received(this, chunk);
      if (this.owesDrained && this.pendingBytes < lowWaterBytes && this.state === 'open') {
        this.owesDrained = false;
        this.handler?.drained();
      }
    }
    if (this.state === 'ended' && this.down.length === 0) {
      this.close();
      this.owner.closed(this);
    }
  }
}

/** At most `count` bytes from the front, in a buffer of their own. */
function takeBytes(queue: Uint8Array[], count: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = count;
  while (left > 0) {
    const first = queue[0];
    if (first === undefined) break;
    if (first.length <= left) {
      parts.push(first);
      queue.shift();
      left -= first.length;
    } else {
      parts.push(first.subarray(0, left));
      queue[0] = first.subarray(left);
      left = 0;
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}
