/** The client's side of a WebSocket, for the listener tests. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type test from 'node:test';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import type { Listener } from './listener.ts';
import { afterwards, dial, Facts, type Peer, portOf } from './recording-host.test-kit.ts';

/** A browser's side of a connection. */
export class WebSocketPeer {
  readonly webSocket: WebSocket;
  readonly facts: Facts = new Facts();
  readonly #chunks: Buffer[] = [];
  readonly pongs: string[] = [];
  receivedBytes = 0;
  hasText = false;
  isOpen = false;
  closeCode: number | undefined;
  status: number | undefined;

  constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket
      .on('open', () => this.#note(() => (this.isOpen = true)))
      .on('message', (data: RawData, isBinary) => {
        assert.ok(Buffer.isBuffer(data));
        this.#chunks.push(data);
        this.hasText ||= !isBinary;
        this.#note(() => (this.receivedBytes += data.length));
      })
      .on('pong', (data) => this.#note(() => this.pongs.push(data.toString())))
      .on('unexpected-response', (request, { statusCode }) => {
        request.destroy();
        this.#note(() => (this.status = statusCode));
      })
      .on('error', () => {}) // `close` follows.
      .on('close', (code) => this.#note(() => (this.closeCode = code)));
  }

  #note(change: () => void): void {
    change();
    this.facts.changed();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  untilOpen(): Promise<void> {
    return this.facts.until('the WebSocket is open', () => this.isOpen);
  }

  untilReceived(text: string): Promise<void> {
    return this.facts.until(`the client got "${text}"`, () => this.text.includes(text));
  }

  untilReceivedBytes(count: number): Promise<void> {
    return this.facts.until(`the client got ${count} bytes`, () => this.receivedBytes >= count);
  }

  untilClosed(): Promise<void> {
    return this.facts.until('the WebSocket is closed', () => this.closeCode !== undefined);
  }

  async untilRefused(): Promise<number | undefined> {
    await this.facts.until('the request is refused', () => this.status !== undefined);
    return this.status;
  }
}

export function browse(
  t: test.TestContext,
  listener: Listener,
  options: ClientOptions = {},
  { path = '/mqtt', protocols = ['mqtt'] }: { path?: string; protocols?: string[] } = {},
): WebSocketPeer {
  const scheme = listener.options.type;
  const url = `${scheme}://127.0.0.1:${portOf(listener)}${path}`;
  const peer = new WebSocketPeer(new WebSocket(url, protocols, options));
  afterwards(t, () => peer.webSocket.terminate());
  return peer;
}

/** A frame as a client sends it, with a mask of zeros. */
export function frame(opcode: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  assert.ok(bytes.length < 126);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

export const opcode = { text: 1, binary: 2, close: 8, ping: 9 } as const;

/** A client that writes frames itself. */
export async function browseRaw(
  t: test.TestContext,
  listener: Listener,
  with_ = '',
): Promise<Peer> {
  const peer = dial(t, listener);
  peer.socket.write(
    'GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n' +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${with_}\r\n`,
  );
  await peer.untilReceived('\r\n\r\n');
  return peer;
}
