import { ReasonCode } from '../packet/index.ts';
import type { Lsn, Session } from '../session/index.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ConnectionDirectory } from './connection-directory.ts';
import type { Core } from './core.ts';

/**
 * What is done once for many: at the end of a turn output leaves and clients whose queue overflowed go; when the
 * store has secured a group, the answers that waited for it leave.
 */
export class EndOfTurn {
  private readonly core: Core;
  private readonly connections: ConnectionDirectory;
  private readonly unflushed: ClientConnection[] = [];
  private overflowed: Session[] = [];
  private readonly awaitingStore = new Set<ClientConnection>();

  constructor(core: Core, connections: ConnectionDirectory) {
    this.core = core;
    this.connections = connections;
  }

  wantsFlush(connection: ClientConnection): void {
    this.unflushed.push(connection);
    if (this.unflushed.length === 1) this.core.runtime.afterTurn(() => this.flushAll());
  }

  overflow(session: Session): void {
    if (this.overflowed.length === 0) this.core.runtime.afterTurn(() => this.endOverflowed());
    this.overflowed.push(session);
  }

  /** An answer of this connection waits for the store. */
  answerWaits(connection: ClientConnection): void {
    this.awaitingStore.add(connection);
  }

  becameDurable(upTo: Lsn): void {
    for (const connection of this.awaitingStore) {
      const isDone = connection.protocol.flushAnswers(upTo);
      if (isDone) this.awaitingStore.delete(connection);
    }
    this.watchStore();
  }

  /** Reads, or stops reading, from everybody when the store asks for it. */
  private watchStore(): void {
    if (!this.core.storeWatch.look()) return;
    for (const connection of this.connections.all()) connection.updateReading();
  }

  private flushAll(): void {
    this.watchStore();
    const connections = this.unflushed.splice(0);
    for (const connection of connections) connection.flush();
  }

  private endOverflowed(): void {
    const sessions = this.overflowed;
    this.overflowed = [];
    for (const { clientId } of sessions) {
      this.connections
        .clientOf(clientId)
        ?.end('queue-full', ReasonCode.quotaExceeded, 'too many messages wait for this client');
    }
  }
}
