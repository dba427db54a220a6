/**
 * What carries the bytes of one connection of the load. TCP, TLS and Unix sockets are opened here: plain
 * ones read into one buffer shared by all (`onread`), TLS ones share one context, and a host name is looked
 * up once, so that neither name service nor certificate files are measured. WebSockets are the client's
 * carrier. Rejected: that carrier for all, whose reads allocate 64 KiB each.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, createSecureContext } from 'node:tls';
import { openCarrier, type ResolvedConnectOptions, tlsSettings } from '../client/index.ts';

export interface Wire {
  /** @returns true when the operating system took everything: the bytes may be overwritten then */
  write(bytes: Uint8Array): boolean;
  /** Too much waits; `drained` follows. */
  readonly isBlocked: boolean;
  /** Sends what is pending and ends our side. */
  end(): void;
  destroy(): void;
}

export interface WireEvents {
  opened(): void;
  /** The chunk is on loan for the time of the call. */
  received(chunk: Uint8Array): void;
  drained(): void;
  /** Called exactly once; with an error if it was one. */
  closed(error: Error | undefined): void;
}

const readBytes = 256 * 1024;

/** Opens wires to one server, one after the other or many at a time. */
export class WireOpener {
  readonly #options: ResolvedConnectOptions;
  readonly #tls: ConnectionOptions | undefined;
  readonly #readBuffer: Buffer = Buffer.allocUnsafeSlow(readBytes);
  /** What the host name meant the first time. */
  #address: string | undefined;

  /** @throws {ClientError} `address`, when a TLS file cannot be read */
  constructor(options: ResolvedConnectOptions) {
    this.#options = options;
    if (options.address.transport === 'tls') {
      const settings = tlsSettings(options.tls, options.address.host);
      this.#tls = { ...settings, secureContext: createSecureContext(settings) };
    }
  }

  open(events: WireEvents): Wire {
    switch (this.#options.address.transport) {
      case 'ws':
      case 'wss':
        return openWebSocket(this.#options, events);
      case 'tls':
        return this.#openTls(events);
      default:
        return this.#openPlain(events);
    }
  }

  #openPlain(events: WireEvents): Wire {
    const { transport, port, path } = this.#options.address;
    const onread = {
      buffer: this.#readBuffer,
      callback: (length: number): boolean => {
        events.received(this.#readBuffer.subarray(0, length));
        return true;
      },
    };
    const socket =
      transport === 'unix'
        ? connectTcp({ path, onread })
        : connectTcp({ host: this.#host, port, noDelay: true, onread });
    return this.#listen(socket, 'connect', events);
  }

  #openTls(events: WireEvents): Wire {
    const { port } = this.#options.address;
    const socket = connectTls({ host: this.#host, port, ...this.#tls });
    socket.setNoDelay(true);
    socket.on('data', (chunk) => events.received(chunk));
    return this.#listen(socket, 'secureConnect', events);
  }

  get #host(): string {
    return this.#address ?? this.#options.address.host;
  }

  #listen(socket: Socket, opened: 'connect' | 'secureConnect', events: WireEvents): Wire {
    let failure: Error | undefined;
    socket.on(opened, () => {
      this.#address ??= socket.remoteAddress;
      events.opened();
    });
    socket.on('drain', () => events.drained());
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => events.closed(failure));
    return new SocketWire(socket);
  }
}

class SocketWire implements Wire {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isBlocked(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > 0;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#socket.writable) return true;
    this.#socket.write(bytes);
    return this.#socket.writableLength === 0;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function openWebSocket(options: ResolvedConnectOptions, events: WireEvents): Wire {
  const carrier = openCarrier(options, {
    opened: () => events.opened(),
    received: (chunk) => events.received(chunk),
    drained: () => events.drained(),
    closed: (error) => events.closed(error),
  });
  return {
    write: (bytes) => {
      carrier.write(bytes);
      return carrier.pendingBytes === 0;
    },
    get isBlocked() {
      return carrier.pendingBytes > 0;
    },
    end: () => carrier.end(),
    destroy: () => carrier.destroy(),
  };
}
