/**
 * A Link over a WebSocket. Frames are only an envelope: MQTT packets may be split over them or share one
 * [MQTT-6.0.0-2], so what arrives is handed on as bytes, and each write leaves in one binary frame.
 *
 * A paused WebSocket still parses the chunk it has in hand, so messages that come out of it are held until
 * `resume`; a close that arrives behind them waits for them, as it does on a plain socket.
 *
 * Pings are answered here and not by `ws`: of many pings from a peer that does not read, only the latest
 * is answered (RFC 6455 §5.5.3), where queueing an answer to each would fill the memory.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Link, LinkHandler, LinkOrigin } from '../broker/index.ts';
import { OutboundQueue, type OutboundSink } from './outbound-queue.ts';

/** `ws` gathers a message until it is complete; before the first one a stranger gets only this much. */
export const firstMessageBytesMax: number = 16 * 1024 * 1024;

/** Of RFC 6455 §7.4.1. */
const closeNormal = 1000;
const closeUnsupportedData = 1003;

export class WebSocketLink implements Link {
  readonly origin: LinkOrigin;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #queue: OutboundQueue;
  #handler: LinkHandler | undefined;
  #whenGone: (() => void) | undefined;
  /** `ended`: nothing is delivered any more, the closing handshake is under way. */
  #state: 'open' | 'ended' | 'closed' = 'open';
  #isPaused = false;
  #isGone = false;
  #held: Uint8Array[] = [];
  #isPonging = false;
  #latestPing: Buffer | undefined;
  #error: Error | undefined;

  /** `socket` carries `webSocket`. */
  constructor(webSocket: WebSocket, socket: Socket, origin: LinkOrigin) {
    this.origin = origin;
    this.#webSocket = webSocket;
    this.#socket = socket;
    const sink = new WebSocketSink(webSocket, socket);
    this.#queue = new OutboundQueue(sink, this);
  }

  /**
   * Starts delivering to `handler`; call it in the turn that made the link. `gone` is called once, just
   * before the handler hears that the link is closed.
   */
  start(handler: LinkHandler, gone: () => void): void {
    this.#handler = handler;
    this.#whenGone = gone;
    this.#limitFirstMessage();
    this.#webSocket
      .on('message', (data, isBinary) => this.#received(data, isBinary))
      .on('ping', (data) => this.#answerPing(data))
      .on('error', (error) => this.#gone(error))
      .on('close', () => this.#gone(undefined));
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
    if (this.#state !== 'open') return;
    this.#isPaused = true;
    this.#webSocket.pause();
  }

  resume(): void {
    if (this.#state !== 'open' || !this.#isPaused) return;
    this.#isPaused = false;
    // In a later step, as a socket does it: the caller is not prepared to receive right now.
    process.nextTick(() => this.#deliverHeld());
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#held = [];
    this.#queue.finish();
    this.#webSocket.close(closeNormal);
    this.#webSocket.resume();
    if (this.#isGone) this.#tellClosed();
  }

  destroy(): void {
    this.#queue.drop();
    this.#held = [];
    this.#webSocket.terminate();
    if (this.#state === 'open') this.#state = 'ended';
    if (this.#isGone) process.nextTick(() => this.#tellClosed());
  }

  #received(data: RawData, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    if (!isBinary) {
      this.#refuseText(); // [MQTT-6.0.0-1] only binary frames may carry MQTT
    } else if (Buffer.isBuffer(data)) {
      if (this.#isPaused || this.#held.length > 0) this.#held.push(data);
      else this.#handler?.received(data);
    }
  }

  #refuseText(): void {
    this.#state = 'ended';
    this.#error = new Error('the client sent a text frame; MQTT needs binary frames');
    this.#queue.finish();
    this.#webSocket.close(closeUnsupportedData, 'MQTT needs binary frames');
    this.#tellClosed();
  }

  #deliverHeld(): void {
    while (this.#held.length > 0 && !this.#isPaused && this.#state === 'open') {
      const chunk = this.#held.shift();
      if (chunk !== undefined) this.#handler?.received(chunk);
    }
    if (this.#isPaused || this.#state !== 'open') return;
    if (this.#isGone) this.#tellClosed();
    else this.#webSocket.resume();
  }

  /** Called up to twice: for what went wrong, and for the end that follows. */
  #gone(error: Error | undefined): void {
    this.#error ??= error;
    this.#isGone = true;
    if (this.#held.length === 0 || this.#state !== 'open') this.#tellClosed();
  }

  #tellClosed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#isGone) this.#queue.drop();
    this.#whenGone?.();
    this.#handler?.closed(this.#error);
  }

  #answerPing(data: Buffer): void {
    if (this.#isPonging) {
      this.#latestPing = data;
      return;
    }
    this.#isPonging = true;
    this.#webSocket.pong(data, false, () => {
      this.#isPonging = false;
      const latest = this.#latestPing;
      this.#latestPing = undefined;
      if (latest !== undefined) this.#answerPing(latest);
    });
  }

  #limitFirstMessage(): void {
    let receivedBytes = 0;
    const count = (chunk: Buffer): void => {
      receivedBytes += chunk.length;
      if (receivedBytes <= firstMessageBytesMax) return;
      this.#error = new Error(`the first WebSocket message exceeds ${firstMessageBytesMax} bytes`);
      this.destroy();
    };
    this.#socket.prependListener('data', count); // Before `ws` makes a message of it.
    this.#webSocket.once('message', () => this.#socket.off('data', count));
  }
}

class WebSocketSink implements OutboundSink {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  #taken: (() => void) | undefined;
  #unsent = 0;

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  send(chunk: Uint8Array): boolean {
    this.#webSocket.send(chunk, { binary: true }, this.#sent);
    this.#unsent++;
    return false;
  }

  sendMany(chunks: readonly Uint8Array[]): boolean {
    this.#socket.cork();
    for (const chunk of chunks) this.send(chunk);
    this.#socket.uncork();
    return false;
  }

  whenTaken(callback: () => void): void {
    this.#taken = callback;
  }

  /** Also for what was lost, when the connection is over. */
  readonly #sent = (): void => {
    this.#unsent--;
    if (this.#unsent === 0) this.#taken?.();
  };
}
