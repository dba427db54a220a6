/**
 * From an accepted socket to a Link in the host's hands: TLS handshake, certificate, WebSocket request,
 * and where the peer is. Each step that waits for the peer has a time limit; from the Link on, time is
 * the host's business.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { WebSocket } from 'ws';
import type { ClientCertificate, Link, LinkHandler, LinkOrigin, Reach } from '../broker/index.ts';
import { checkClientCertificate, encryptionOf } from './client-certificate.ts';
import { containerGateways } from './container-gateways.ts';
import { FoldedLog, type ListenerLog, type LogFields, type LogLevel } from './folded-log.ts';
import { TrustedProxies } from './forwarded-client.ts';
import { HandshakeDeadlines } from './handshake-deadlines.ts';
import type { ListenerOptions, TlsOptions, WebSocketOptions } from './options.ts';
import { reachOf, unmapAddress } from './reach.ts';
import { SocketLink } from './socket-link.ts';
import { WebSocketDoor } from './websocket-door.ts';
import { WebSocketLink } from './websocket-link.ts';

export interface ListenerHost {
  /** A connection is there. undefined = no room to even refuse it properly: it is dropped at once. */
  connect(link: Link): LinkHandler | undefined;
  readonly log: ListenerLog;
}

/** What the TLS handshake told. */
interface Security {
  readonly certificate: ClientCertificate | undefined;
  readonly encryption: string | undefined;
}

const unsecured: Security = { certificate: undefined, encryption: undefined };

export class Acceptor {
  readonly #options: ListenerOptions;
  readonly #host: ListenerHost;
  readonly #door: WebSocketDoor | undefined;
  readonly #proxies: TrustedProxies;
  readonly #gateways: ReadonlySet<string> = containerGateways();
  readonly #deadlines = new HandshakeDeadlines();
  readonly #securities = new WeakMap<Socket, Security>();
  readonly #links = new Set<SocketLink | WebSocketLink>();
  readonly #whenEmpty: (() => void)[] = [];
  readonly #log: FoldedLog;

  constructor(options: ListenerOptions, host: ListenerHost) {
    this.#options = options;
    this.#host = host;
    this.#log = new FoldedLog(host.log);
    this.#proxies = new TrustedProxies(options.webSocket?.trustedProxies ?? []);
    this.#door = options.webSocket === undefined ? undefined : this.#makeDoor(options.webSocket);
  }

  get linkCount(): number {
    return this.#links.size;
  }

  dropHandshakes(): void {
    this.#deadlines.destroyAll();
  }

  /** Resolves when every link is gone. */
  async endLinks(): Promise<void> {
    for (const link of this.#links) link.end();
    if (this.#links.size > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Writes what is still folded. */
  closeLog(): void {
    this.#log.close();
  }

  acceptFailed(error: NodeJS.ErrnoException): void {
    this.#fold('error', 'listener.accept.failed', error.code ?? '', { reason: error.message });
  }

  /** A plain socket. */
  accepted(socket: Socket): void {
    this.#established(socket, unsecured);
  }

  /** The socket below a TLS handshake that begins. */
  handshakeStarted(socket: Socket): void {
    this.#deadlines.start(connectionKey(socket), socket, () => this.#tooLate('TLS', socket));
  }

  handshakeFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const code = error.code ?? error.message;
    // Health checks and port scans connect and leave; that is no failure worth a line by default.
    const level = code === 'ECONNRESET' ? 'debug' : 'warning';
    const address = socket.remoteAddress;
    this.#fold(level, 'listener.tls.failed', code, { reason: error.message, address });
    socket.destroy();
  }

  handshakeCompleted(socket: TLSSocket, tls: TlsOptions): void {
    this.#deadlines.finish(connectionKey(socket));
    socket.allowHalfOpen = true; // Before this, a peer that leaves would be noticed by the deadline only.
    const check = checkClientCertificate(socket, tls);
    if (check.isAccepted) {
      const { certificate } = check;
      this.#established(socket, { certificate, encryption: encryptionOf(socket) });
      return;
    }
    const { reason } = check;
    const address = socket.remoteAddress;
    this.#fold('warning', 'listener.certificate.refused', reason, { reason, address });
    socket.destroy();
  }

  /** Everything below MQTT or HTTP is done. */
  #established(socket: Socket, security: Security): void {
    const peer = unmapAddress(socket.remoteAddress ?? '');
    if (peer === '' && this.#options.type !== 'unix') {
      socket.destroy(); // Gone before it was looked at.
      return;
    }
    if (this.#door === undefined) {
      const reach = reachOf(peer, this.#gateways);
      const origin = this.#origin(peer, socket.remotePort, reach, security);
      this.#adopt(new SocketLink(socket, origin));
      return;
    }
    this.#securities.set(socket, security);
    // HTTP and WebSocket code bring listeners of their own, but none of them is there all the time.
    socket.on('error', destroyThis);
    this.#deadlines.start(socket, socket, () => this.#tooLate('WebSocket', socket));
    this.#door.enter(socket);
  }

  #makeDoor(options: WebSocketOptions): WebSocketDoor {
    return new WebSocketDoor(options, {
      opened: (webSocket, socket, request) => this.#webSocketOpened(webSocket, socket, request),
      refused: (status, reason, address) => {
        const fields = { status, reason, address };
        this.#fold('warning', 'listener.websocket.refused', String(status), fields);
      },
    });
  }

  #webSocketOpened(webSocket: WebSocket, socket: Socket, request: IncomingMessage): void {
    this.#deadlines.finish(socket);
    const peer = unmapAddress(socket.remoteAddress ?? '');
    const client = this.#proxies.clientOf(peer, request.headers);
    if (client.origin === 'unknown') {
      this.#fold('info', 'listener.proxy.unclear', '', {
        proxy: peer,
        reason: 'its clients count as public; list it in trusted_proxies to use what it forwards',
      });
    }
    const reach = client.origin === 'unknown' ? 'public' : reachOf(client.address, this.#gateways);
    const port = client.origin === 'forwarded' ? 0 : socket.remotePort;
    const security = this.#securities.get(socket) ?? unsecured;
    const origin = this.#origin(client.address, port, reach, security);
    this.#adopt(new WebSocketLink(webSocket, socket, origin));
  }

  #adopt(link: SocketLink | WebSocketLink): void {
    const handler = this.#host.connect(link);
    if (handler === undefined) {
      link.destroy();
      return;
    }
    this.#links.add(link);
    link.start(handler, () => this.#gone(link));
  }

  #gone(link: SocketLink | WebSocketLink): void {
    this.#links.delete(link);
    if (this.#links.size > 0) return;
    for (const tell of this.#whenEmpty.splice(0)) tell();
  }

  #origin(address: string, port: number | undefined, reach: Reach, security: Security): LinkOrigin {
    return {
      transport: this.#options.type,
      listenerName: this.#options.name,
      remoteAddress: address,
      remotePort: port ?? 0,
      reach,
      ...security,
    };
  }

  #tooLate(step: string, socket: Socket): void {
    const address = socket.remoteAddress;
    this.#fold('warning', 'listener.handshake.timeout', step, { step, address });
  }

  #fold(level: LogLevel, event: string, kind: string, fields: LogFields): void {
    this.#log.write(level, event, kind, { listener: this.#options.name, ...fields });
  }
}

function destroyThis(this: Socket): void {
  this.destroy();
}

/** The same for a TCP socket and the TLS socket on top of it. */
function connectionKey(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
