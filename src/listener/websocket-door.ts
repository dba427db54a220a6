/**
 * The way from a fresh stream (TCP or TLS) to a WebSocket that carries MQTT: the HTTP request is read, its
 * path, origin and subprotocols are checked, and it is answered in words that help the person at the other
 * end. The HTTP server never listens itself; streams are handed to it, so that plain and secure WebSockets
 * share everything below them with the other transports.
 */
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { WebSocketOptions } from './options.ts';
import { lingerMs } from './socket-link.ts';
import { isOriginAllowed } from './web-origin.ts';

/** The largest MQTT packet with its fixed header: no message that carries one packet is refused. */
const messageBytesMax = 268_435_455 + 5;
const subprotocols: ReadonlySet<string> = new Set(['mqtt', 'mqttv3.1']);

export interface WebSocketDoorHost {
  /** A WebSocket is open; attach listeners in this turn. */
  opened(webSocket: WebSocket, socket: Socket, request: IncomingMessage): void;
  /** The request is answered with `status`; `reason` says why. */
  refused(status: number, reason: string, address: string | undefined): void;
}

interface Refusal {
  readonly status: number;
  readonly reason: string;
}

export class WebSocketDoor {
  readonly #options: WebSocketOptions;
  readonly #host: WebSocketDoorHost;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;

  constructor(options: WebSocketOptions, host: WebSocketDoorHost) {
    this.#options = options;
    this.#host = host;
    this.#webSockets = new WebSocketServer(webSocketServerOptions());
    this.#webSockets.on('wsClientError', (error, socket) => {
      this.#refuse(socket, { status: 400, reason: error.message });
    });
    this.#http = createServer()
      .on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
      .on('request', (request) => {
        this.#refuse(request.socket, this.#plainRequestRefusal(request));
      })
      .on('clientError', (error: NodeJS.ErrnoException, socket) => {
        if (error.code?.startsWith('HPE_') === true) {
          this.#refuse(socket, { status: 400, reason: `not a WebSocket request (${error.code})` });
        } else {
          socket.destroy(); // The connection broke, or its first request was too long to be one.
        }
      });
  }

  /** Takes over a stream on which nothing was read yet. */
  enter(stream: Socket): void {
    this.#http.emit('connection', stream);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      this.#refuse(socket, refusal);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#host.opened(webSocket, request.socket, request);
    });
  }

  #refusalOf(request: IncomingMessage): Refusal | undefined {
    if (!this.#hasKnownPath(request)) return this.#unknownPath(request);
    const { headers } = request;
    const origin = headers.origin ?? headers['sec-websocket-origin']?.toString();
    if (!isOriginAllowed(origin, headers.host, this.#options.allowedOrigins)) {
      return {
        status: 403,
        reason: `pages from ${origin} may not connect here; list this origin in allowed_origins`,
      };
    }
    // [MQTT-6.0.0-3] the client must offer "mqtt"
    const offered = headers['sec-websocket-protocol'] ?? '';
    if (offered.split(',').some((name) => subprotocols.has(name.trim()))) return undefined;
    return {
      status: 400,
      reason: `the client must offer the WebSocket subprotocol "mqtt" (it offered ${offered === '' ? 'none' : `"${offered}"`})`,
    };
  }

  #plainRequestRefusal(request: IncomingMessage): Refusal {
    if (!this.#hasKnownPath(request)) return this.#unknownPath(request);
    return { status: 426, reason: 'this address speaks MQTT over WebSocket, not plain HTTP' };
  }

  #hasKnownPath(request: IncomingMessage): boolean {
    const [path = ''] = (request.url ?? '').split('?');
    return this.#options.paths.includes(path);
  }

  #unknownPath(request: IncomingMessage): Refusal {
    const { paths } = this.#options;
    return { status: 404, reason: `nothing at ${request.url}; MQTT is at ${paths.join(' and ')}` };
  }

  /** Answers and ends our side; the peer, or the deadline of its handshake, does the rest. */
  #refuse(socket: Duplex, { status, reason }: Refusal): void {
    const address = socket instanceof Socket ? socket.remoteAddress : undefined;
    this.#host.refused(status, reason, address);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const body = `${reason}\n`;
    const upgrade = status === 426 ? 'Upgrade: websocket\r\n' : '';
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
        `Connection: close\r\n${upgrade}` +
        'Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n' +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    socket.resume();
  }
}

function webSocketServerOptions(): ServerOptions {
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    autoPong: false,
    closeTimeout: lingerMs,
    // [MQTT-6.0.0-4] the selected name is one that was offered, in the client's order
    handleProtocols: (offered) => [...offered].find((name) => subprotocols.has(name)) ?? false,
  };
  return options;
}
