/**
 * The border between the client and what carries its bytes: TCP, TLS and Unix sockets are one kind,
 * WebSockets the other. A carrier is usable as soon as it is made: bytes written before `opened` wait.
 */
export interface Carrier {
  /** Sends bytes; they belong to the carrier from now on. */
  write(bytes: Uint8Array): void;
  /** Bytes written that the operating system has not taken yet. */
  readonly pendingBytes: number;
  /** Stops (resumes) reading from the server; calls may repeat. */
  pause(): void;
  resume(): void;
  /** Sends what is pending and ends our side. */
  end(): void;
  /** Drops the connection at once. */
  destroy(): void;
}

export interface CarrierEvents {
  opened(): void;
  received(chunk: Uint8Array): void;
  /** All that was pending has been taken. */
  drained(): void;
  /** Called exactly once, whatever ended the carrier; with an error if it was one. */
  closed(error?: Error): void;
}
