import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Carrier, CarrierEvents } from './carrier.ts';
import type { ResolvedConnectOptions } from './connect-options.ts';
import { tlsSettings } from './tls-settings.ts';

/** A carrier over TCP, TLS or a Unix socket. */
export function openSocketCarrier(options: ResolvedConnectOptions, events: CarrierEvents): Carrier {
  const isTls = options.address.transport === 'tls';
  const socket = isTls ? tlsSocket(options) : plainSocket(options);
  let failure: Error | undefined;
  socket.on(isTls ? 'secureConnect' : 'connect', () => events.opened());
  socket.on('data', (chunk) => events.received(chunk));
  socket.on('drain', () => events.drained());
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.closed(failure));
  return new SocketCarrier(socket);
}

class SocketCarrier implements Carrier {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    // The server's answer to our end is only seen by reading.
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function plainSocket(options: ResolvedConnectOptions): Socket {
  const { address, noDelay } = options;
  if (address.transport === 'unix') return connectTcp({ path: address.path });
  return connectTcp({ host: address.host, port: address.port, noDelay, ...bound(options) });
}

function tlsSocket(options: ResolvedConnectOptions): Socket {
  const { address } = options;
  const socket = connectTls({
    host: address.host,
    port: address.port,
    ...bound(options),
    ...tlsSettings(options.tls, address.host),
  });
  if (options.noDelay) socket.setNoDelay(true);
  return socket;
}

function bound(options: ResolvedConnectOptions): { localAddress?: string } {
  return options.localAddress === undefined ? {} : { localAddress: options.localAddress };
}
