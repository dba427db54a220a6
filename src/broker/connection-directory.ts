import type { ClientConnection } from './client-connection.ts';
import { orUnlimited } from './core.ts';

/** Connections that came after a limit was reached and wait for their CONNECT to be refused. */
const waitingRoomMax = 100;

/**
 * Every connection that is there, and which of them is the client of which Client Identifier. Counts
 * against the limits: connections beyond them are still accepted, up to a number, so that they can be told
 * why they are refused.
 */
export class ConnectionDirectory {
  private readonly connectionsMax: number;
  private readonly present = new Set<ClientConnection>();
  private readonly byClientId = new Map<string, ClientConnection>();
  private readonly perListener = new Map<string, number>();
  private waiting = 0;
  /** The most clients that were connected at once. */
  clientsMaximum = 0;

  constructor(connectionsMax: number) {
    this.connectionsMax = orUnlimited(connectionsMax);
  }

  /** Every connection, clients and those that are none yet. */
  get total(): number {
    return this.present.size;
  }

  get clientCount(): number {
    return this.byClientId.size;
  }

  all(): Iterable<ClientConnection> {
    return this.present;
  }

  clients(): Iterable<ClientConnection> {
    return this.byClientId.values();
  }

  clientOf(clientId: string): ClientConnection | undefined {
    return this.byClientId.get(clientId);
  }

  placeFor(listenerName: string, listenerMax: number): 'free' | 'waiting-room' | 'none' {
    const isFull =
      this.present.size - this.waiting >= this.connectionsMax ||
      (this.perListener.get(listenerName) ?? 0) >= orUnlimited(listenerMax);
    if (!isFull) return 'free';
    return this.waiting < waitingRoomMax ? 'waiting-room' : 'none';
  }

  add(connection: ClientConnection): void {
    this.present.add(connection);
    if (connection.isOverLimit) this.waiting++;
    else this.count(connection, 1);
  }

  /**
   * Asked at CONNECT. One that waited is admitted after all when a place became free meanwhile, or when
   * it replaces a connection of the same client. Until it is, it counts as waiting.
   */
  limitReached(connection: ClientConnection, clientId: string): string | undefined {
    if (!connection.isOverLimit || this.byClientId.has(clientId)) return undefined;
    const { listenerName } = connection.link.origin;
    const listenerMax = connection.policy.connectionsMax;
    if (this.placeFor(listenerName, listenerMax) === 'free') return undefined;
    return this.present.size - this.waiting >= this.connectionsMax
      ? `max_connections ${this.connectionsMax}`
      : `max_connections ${listenerMax} of listener ${listenerName}`;
  }

  /** The client is there and its carrier takes bytes. */
  isReady(clientId: string): boolean {
    const connection = this.byClientId.get(clientId);
    return connection?.isOpen === true && !connection.isCongested;
  }

  attach(connection: ClientConnection, clientId: string): void {
    if (connection.isOverLimit) {
      connection.isOverLimit = false;
      this.waiting--;
      this.count(connection, 1);
    }
    this.byClientId.set(clientId, connection);
    this.clientsMaximum = Math.max(this.clientsMaximum, this.byClientId.size);
  }

  remove(connection: ClientConnection): void {
    if (!this.present.delete(connection)) return;
    if (connection.isOverLimit) this.waiting--;
    else this.count(connection, -1);
    const clientId = connection.session?.clientId;
    if (clientId !== undefined && this.byClientId.get(clientId) === connection) {
      this.byClientId.delete(clientId);
    }
  }

  private count(connection: ClientConnection, sign: 1 | -1): void {
    const { listenerName } = connection.link.origin;
    this.perListener.set(listenerName, (this.perListener.get(listenerName) ?? 0) + sign);
  }
}
