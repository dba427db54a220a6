/**
 * Streams on their way to becoming a Link: a TLS handshake or a WebSocket request is under way. Each has
 * one absolute time limit; an idle timer would be renewed by a peer that sends a byte now and then.
 */
import type { Duplex } from 'node:stream';

/** For each of the two steps, TLS and WebSocket. */
export const handshakeTimeoutMs = 10_000;

export class HandshakeDeadlines {
  readonly #pending = new Map<unknown, { stream: Duplex; timer: NodeJS.Timeout }>();

  /** Calls `late` and destroys `stream` unless `finish(key)` comes in time. */
  start(key: unknown, stream: Duplex, late: () => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(key);
      late();
      stream.destroy();
    }, handshakeTimeoutMs);
    this.#pending.set(key, { stream, timer });
    stream.once('close', () => this.finish(key));
  }

  finish(key: unknown): void {
    clearTimeout(this.#pending.get(key)?.timer);
    this.#pending.delete(key);
  }

  destroyAll(): void {
    for (const { stream, timer } of this.#pending.values()) {
      clearTimeout(timer);
      stream.destroy();
    }
    this.#pending.clear();
  }
}
