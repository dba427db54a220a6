/**
 * A Link over a stream socket: TCP, TLS or Unix.
 *
 * Ways out. The peer's FIN: everything it sent before is delivered, then `closed`; what we still owe goes
 * out, because a peer may close its side and read on. `end`: pending bytes and our FIN go out, input is
 * read and thrown away until the peer closes too, since closing with unread input makes the kernel send a
 * reset that overtakes our last packet. `destroy` and errors: the socket is gone at once. Neither of the
 * first two may take longer than `lingerMs`.
 */
import type { Socket } from 'node:net';
import type { Link, LinkHandler, LinkOrigin } from '../broker/index.ts';
import { OutboundQueue, type OutboundSink } from './outbound-queue.ts';
import { readShared } from './shared-read.ts';

/** How long a connection that we ended may take until the peer has closed it too. */
export const lingerMs = 2000;

export class SocketLink implements Link {
  readonly origin: LinkOrigin;
  readonly #socket: Socket;
  readonly #queue: OutboundQueue;
  #handler: LinkHandler | undefined;
  #whenGone: (() => void) | undefined;
  /** `ended`: nothing is delivered any more, the socket lingers. */
  #state: 'open' | 'ended' | 'closed' = 'open';
  #linger: NodeJS.Timeout | undefined;
  #error: Error | undefined;

  constructor(socket: Socket, origin: LinkOrigin) {
    this.origin = origin;
    this.#socket = socket;
    this.#queue = new OutboundQueue(new SocketSink(socket), this);
  }

  /**
   * Starts delivering to `handler`; call it in the turn that made the link. `gone` is called once, just
   * before the handler hears that the link is closed.
   */
  start(handler: LinkHandler, gone: () => void): void {
    this.#handler = handler;
    this.#whenGone = gone;
    const received = (chunk: Uint8Array): void => {
      if (this.#state === 'open') this.#handler?.received(chunk);
    };
    if (!readShared(this.#socket, received)) this.#socket.on('data', received);
    this.#socket
      .on('end', () => this.#peerEnded())
      .on('error', (error) => {
        this.#error = error;
      })
      .on('close', () => this.#closed());
  }

  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }

  /** For the queue. */
  drained(): void {
    this.#handler?.drained();
  }

  write(bytes: Uint8Array): void {
    this.#queue.write(bytes);
  }

  lend(bytes: Uint8Array): boolean {
    return this.#queue.lend(bytes);
  }

  requestDrained(): void {
    this.#queue.requestDrained();
  }

  pause(): void {
    if (this.#state === 'open') this.#socket.pause();
  }

  resume(): void {
    if (this.#state === 'open') this.#socket.resume();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#finish();
    this.#socket.resume();
  }

  destroy(): void {
    this.#queue.drop();
    this.#socket.destroy();
    if (this.#state === 'open') this.#state = 'ended';
  }

  #peerEnded(): void {
    if (this.#state !== 'open') return;
    this.#finish();
    this.#tellClosed();
  }

  #finish(): void {
    this.#state = 'ended';
    this.#queue.finish();
    this.#socket.end();
    this.#linger = setTimeout(() => this.#socket.destroy(), lingerMs);
  }

  #closed(): void {
    clearTimeout(this.#linger);
    this.#queue.drop();
    this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const handler = this.#handler;
    this.#whenGone?.();
    // The socket lives on until it is collected, and must not keep the rest.
    this.#whenGone = undefined;
    this.#handler = undefined;
    handler?.closed(this.#error);
  }
}

const nothing = new Uint8Array(0);

export class SocketSink implements OutboundSink {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Without a callback, which would cost a tick of its own: `writableLength` tells as much. */
  send(chunk: Uint8Array): boolean {
    this.#socket.write(chunk);
    return this.#socket.writableLength === 0;
  }

  sendMany(chunks: readonly Uint8Array[]): boolean {
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
    return this.#socket.writableLength === 0;
  }

  whenTaken(callback: () => void): void {
    this.#socket.write(nothing, callback);
  }
}
