/**
 * The border between the broker and whatever carries the bytes of a Network Connection. A listener makes
 * a `Link` for each accepted socket, gives it to `Broker.connect`, and tells the returned `LinkHandler`
 * what happens. The broker calls back only through the `Link`.
 */

export type Transport = 'tcp' | 'tls' | 'ws' | 'wss' | 'unix' | 'memory';

/** Who is at the other end, as far as the carrier knows. */
export interface LinkOrigin {
  readonly transport: Transport;
  /** The listener's name in the configuration. */
  readonly listenerName: string;
  /** Address of the peer with IPv4-mapped addresses unmapped; empty for Unix sockets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Where the address stands for access decisions; decided by the listener. */
  readonly reach: Reach;
  /** The verified client certificate, when one was asked for and given. */
  readonly certificate: ClientCertificate | undefined;
  /** TLS version and cipher, `TLSv1.3 TLS_AES_256_GCM_SHA384`. */
  readonly encryption: string | undefined;
}

/** loopback (this machine, Unix sockets), private (RFC 1918, link-local, ULA), public (all others). */
export type Reach = 'loopback' | 'private' | 'public';

export interface ClientCertificate {
  readonly commonName: string | undefined;
  readonly subject: string;
  readonly fingerprint256: string;
  readonly subjectAltName: string | undefined;
  readonly validTo: string;
}

export interface Link {
  readonly origin: LinkOrigin;
  /** Sends bytes. The link owns them from now on: the caller never writes to them again. */
  write(bytes: Uint8Array): void;
  /**
   * Sends bytes that the caller would like to have back. @returns whether it may write to them again;
   * otherwise they are the link's.
   */
  lend(bytes: Uint8Array): boolean;
  /** Bytes given to `write` that the operating system has not taken yet. */
  readonly pendingBytes: number;
  /**
   * Asks for one `LinkHandler.drained`: who stopped writing because of `pendingBytes` learns when to look
   * again. Calls may repeat; after `drained` it has to be asked for again.
   */
  requestDrained(): void;
  /** Stops (resumes) reading from the peer; calls may repeat. */
  pause(): void;
  resume(): void;
  /**
   * Sends what is pending, ends our side, then reads and discards until the peer closes or two seconds
   * are over: closing with unread input would reset the connection and the peer would never see the last
   * packet.
   */
  end(): void;
  /** Drops the connection at once; what is pending is lost. */
  destroy(): void;
}

/** What a listener tells the broker about one link. */
export interface LinkHandler {
  /** Bytes came. The chunk is on loan until the call returns. */
  received(chunk: Uint8Array): void;
  /**
   * It was asked for, bytes have been taken since, and `pendingBytes` is low: below a mark of the link or,
   * where the broker allows less than that, 0 at last.
   */
  drained(): void;
  /** The carrier is gone, for whatever reason. Called exactly once, also after `end` and `destroy`. */
  closed(error?: Error): void;
}
