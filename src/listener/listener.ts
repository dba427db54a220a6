/**
 * One address on which MQTT clients can connect. A listener turns accepted sockets into Links and knows
 * nothing of the bytes they carry; who is let in is decided by its host.
 *
 * Every transport is the same chain with parts left out: accept, TLS handshake, WebSocket request, Link
 * (`Acceptor`). An HTTPS server of its own for `wss` was rejected: reload, client certificates and time
 * limits would exist twice.
 */
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer as createNetServer, type Server } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { Acceptor, type ListenerHost } from './acceptor.ts';
import { bindError, formatAddress } from './bind-error.ts';
import type { ListenerLog } from './folded-log.ts';
import { ListenError } from './listen-error.ts';
import { listenerUrls } from './listener-urls.ts';
import type { BindAddress, ListenerOptions, TlsOptions } from './options.ts';
import { loadTlsMaterial, type TlsMaterial } from './tls-material.ts';
import { listenOnPath, removeStaleSocket } from './unix-socket.ts';

export interface Listener {
  readonly name: string;
  readonly options: ListenerOptions;
  /** The real address, with the port that the system chose. */
  readonly address: BindAddress;
  /** What a client can be given, the most useful first. */
  readonly urls: readonly string[];
  /** Links whose handler was not told `closed` yet. One that `connect` is asked for does not count. */
  readonly connections: number;
  /**
   * Reads certificate, key and authorities again, from the files of `tls` where given. Existing connections
   * stay. Throws a ListenError, and keeps what it has, when they are not fit. Without TLS it does nothing.
   */
  reloadTls(tls?: TlsOptions): Promise<void>;
  /** Frees the address and drops handshakes; connections go on. */
  stopAccepting(): Promise<void>;
  /** Stops accepting, ends all connections and waits until they are gone, about two seconds at most. */
  close(): Promise<void>;
}

const socketOptions = {
  allowHalfOpen: true, // A peer may close its side and still read our answers.
  noDelay: true,
  keepAlive: true, // Finds dead peers of clients without Keep Alive.
  keepAliveInitialDelay: 60_000,
} as const;
/** Connections the kernel completes before we accept them; it lowers this to its own limit. */
const backlog = 4096;

export class SocketListener implements Listener {
  readonly name: string;
  readonly options: ListenerOptions;
  readonly #log: ListenerLog;
  readonly #acceptor: Acceptor;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  #tls: TlsOptions | undefined;
  #address: BindAddress;
  #whenClosed: Promise<void> | undefined;

  /** `material` has to be there exactly when the options name certificates. */
  constructor(options: ListenerOptions, host: ListenerHost, material: TlsMaterial | undefined) {
    this.name = options.name;
    this.options = options;
    this.#log = (level, event, fields) =>
      host.log(level, event, { listener: this.name, ...fields });
    this.#acceptor = new Acceptor(options, host);
    this.#tls = options.tls;
    this.#address = options.address;
    this.#tlsServer = material === undefined ? undefined : this.#makeTlsServer(material);
    this.#server =
      this.#tlsServer ??
      createNetServer(socketOptions, (socket) => this.#acceptor.accepted(socket));
  }

  get address(): BindAddress {
    return this.#address;
  }

  get urls(): readonly string[] {
    return listenerUrls(this.options, this.#address);
  }

  get connections(): number {
    return this.#acceptor.linkCount;
  }

  /** Throws a ListenError. `ipv6Only`: an IPv6 wildcard leaves IPv4 to another listener. */
  async open(ipv6Only = false): Promise<void> {
    const { address, mode } = this.options;
    if (address.path !== undefined) await removeStaleSocket(this.options, address.path);
    try {
      const listening = once(this.#server, 'listening');
      if (address.path === undefined) {
        this.#server.listen({ host: address.host, port: address.port, backlog, ipv6Only });
      } else {
        listenOnPath(this.#server, address.path, mode, backlog);
      }
      await listening;
      if (address.path !== undefined) await chmod(address.path, mode);
    } catch (error) {
      this.#server.close();
      throw await bindError(
        this.options,
        error instanceof Error ? error : new Error(String(error)),
      );
    }
    this.#server.on('error', (error) => this.#acceptor.acceptFailed(error));
    const real = this.#server.address();
    if (real !== null && typeof real === 'object') {
      this.#address = { host: real.address, port: real.port, path: undefined };
    }
    this.#log('info', 'listener.opened', {
      type: this.options.type,
      address: formatAddress(this.#address),
    });
  }

  async reloadTls(tls: TlsOptions | undefined = this.#tls): Promise<void> {
    if (this.#tlsServer === undefined || this.#tls === undefined || tls === undefined) return;
    if ((tls.caFile === undefined) !== (this.#tls.caFile === undefined)) {
      throw new ListenError(
        'tls-restart-needed',
        'TLS: whether clients are asked for certificates can only change with a restart of the listener',
        { listenerName: this.name, option: 'ca_file' },
      );
    }
    const material = await loadTlsMaterial(this.name, tls);
    this.#tlsServer.setSecureContext(material.context);
    this.#tls = tls;
    this.#log('info', 'listener.tls.reloaded', { validTo: material.certificate.validTo });
    this.#warnOf(material);
  }

  async stopAccepting(): Promise<void> {
    if (this.#whenClosed !== undefined) return;
    this.#whenClosed = new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#acceptor.dropHandshakes();
    this.#log('info', 'listener.closed', { address: formatAddress(this.#address) });
  }

  async close(): Promise<void> {
    await this.stopAccepting();
    await this.#acceptor.endLinks();
    await this.#whenClosed;
    this.#acceptor.closeLog();
  }

  #makeTlsServer(material: TlsMaterial): TlsServer {
    this.#warnOf(material);
    return createTlsServer({
      ...socketOptions,
      allowHalfOpen: false, // During the handshake; see Acceptor.
      ...material.context,
      requestCert: this.#tls?.caFile !== undefined,
      rejectUnauthorized: false, // Decided when the handshake is complete.
      ALPNProtocols: [this.options.type === 'wss' ? 'http/1.1' : 'mqtt'],
    })
      .on('connection', (socket) => this.#acceptor.handshakeStarted(socket))
      .on('tlsClientError', (error, socket) => this.#acceptor.handshakeFailed(error, socket))
      .on('secureConnection', (socket) => {
        if (this.#tls === undefined) socket.destroy();
        else this.#acceptor.handshakeCompleted(socket, this.#tls);
      });
  }

  #warnOf(material: TlsMaterial): void {
    for (const reason of material.warnings) {
      this.#log('warning', 'listener.tls.certificate', { reason });
    }
  }
}
