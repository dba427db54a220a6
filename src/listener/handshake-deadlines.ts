/**
 * Streams on their way to becoming a Link: a TLS handshake or a WebSocket request is under way. Each has
 * one absolute time limit; an idle timer would be renewed by a peer that sends a byte now and then.
 */
import type { Duplex } from 'node:stream';

/** For each of the two steps, TLS and WebSocket. */
export const handshakeTimeoutMs = 10_000;

interface Pending {
  readonly stream: Duplex;
  readonly timer: NodeJS.Timeout;
  readonly forget: () => void;
}

export class HandshakeDeadlines {
  readonly #pending = new Map<unknown, Pending>();

  /** Calls `late` and destroys `stream` unless `finish(key)` comes in time. */
  start(key: unknown, stream: Duplex, late: () => void): void {
    const forget = (): void => this.finish(key);
    const timer = setTimeout(() => {
      forget();
      late();
      stream.destroy();
    }, handshakeTimeoutMs);
    this.#pending.set(key, { stream, timer, forget });
    stream.on('close', forget);
  }

  finish(key: unknown): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    pending.stream.off('close', pending.forget);
    this.#pending.delete(key);
  }

  destroyAll(): void {
    for (const [key, { stream }] of [...this.#pending]) {
      this.finish(key);
      stream.destroy();
    }
  }
}
