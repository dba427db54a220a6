import type { ClientPacket, MqttVersion, ServerPacket } from './packet.ts';

/** What each role reads: a server what clients send, a client what the server sends. */
export interface PacketsByRole {
  server: ClientPacket;
  client: ServerPacket;
}
export type ReaderRole = keyof PacketsByRole;

export interface PacketReaderOptions<R extends ReaderRole> {
  readonly role: R;
  /** Bytes of a whole packet, its fixed header included. */
  readonly maximumPacketSize?: number;
  /** Needed by a client. A server learns it from CONNECT; given, the CONNECT counts as already read. */
  readonly version?: MqttVersion;
}

export class PacketReader<R extends ReaderRole = 'server'> {
  version: MqttVersion | undefined;
  maximumPacketSize: number;

  constructor(options: PacketReaderOptions<R>) {
    this.version = options.version;
    this.maximumPacketSize = options.maximumPacketSize ?? 268_435_460;
  }

  get bufferedBytes(): number {
    return 0;
  }

  push(_chunk: Uint8Array): void {
    throw new Error('The reader is being written');
  }

  next(): PacketsByRole[R] | undefined {
    throw new Error('The reader is being written');
  }
}
