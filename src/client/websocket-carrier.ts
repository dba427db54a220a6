import { WebSocket } from 'ws';
import type { Carrier, CarrierEvents } from './carrier.ts';
import type { ResolvedConnectOptions } from './connect-options.ts';
import { formatServerAddress } from './server-address.ts';
import { tlsSettings } from './tls-settings.ts';

/** A carrier over WebSocket, sub-protocol `mqtt` [MQTT-6.0.0-3]. Frames need not be whole packets. */
export function openWebSocketCarrier(
  options: ResolvedConnectOptions,
  events: CarrierEvents,
): Carrier {
  const { address } = options;
  const socket = new WebSocket(formatServerAddress(address), 'mqtt', {
    perMessageDeflate: false,
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    ...(address.transport === 'wss' ? tlsSettings(options.tls, address.host) : {}),
  });
  socket.binaryType = 'nodebuffer';
  let failure: Error | undefined;
  const carrier = new WebSocketCarrier(socket, events);
  socket.on('open', () => {
    carrier.flush();
    events.opened();
  });
  socket.on('message', (data, isBinary) => {
    if (isBinary && Buffer.isBuffer(data)) {
      events.received(data);
      return;
    }
    // [MQTT-6.0.0-1]: anything but binary frames ends the connection.
    failure = new Error('The server sent a WebSocket text frame; MQTT uses binary frames only.');
    socket.terminate();
  });
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => events.closed(failure));
  return carrier;
}

class WebSocketCarrier implements Carrier {
  readonly #socket: WebSocket;
  readonly #events: CarrierEvents;
  #early: Uint8Array[] = [];

  constructor(socket: WebSocket, events: CarrierEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  get pendingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#early.push(bytes);
    else if (this.#socket.readyState === WebSocket.OPEN) this.#send(bytes);
  }

  flush(): void {
    for (const bytes of this.#early) this.#send(bytes);
    this.#early = [];
  }

  pause(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.resume();
  }

  end(): void {
    this.resume();
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  #send(bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: true }, (error) => {
      // A failed send is followed by `close`, which reports the error.
      if (error === undefined && this.#socket.bufferedAmount === 0) this.#events.drained();
    });
  }
}
