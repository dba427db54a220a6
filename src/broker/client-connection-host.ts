import type {
  AuthPacket,
  ConnectPacket,
  ReasonCode,
  SubscribePacket,
  UnsubscribePacket,
} from '../packet/index.ts';
import type { Lsn } from '../session/index.ts';
import type { ClientConnection } from './client-connection.ts';
import type { DisconnectCause, RefusalCause } from './events.ts';
import type { MaybePromise } from './hooks.ts';
import type { Incoming, PublishAnswer } from './publishing.ts';
import type { Subscribed } from './subscribing.ts';

/** What the broker does for its connections. */
export interface ClientConnectionHost {
  connectReceived(connection: ClientConnection, packet: ConnectPacket): void;
  authReceived(connection: ClientConnection, packet: AuthPacket): void;
  publish(connection: ClientConnection, incoming: Incoming): PublishAnswer;
  subscribe(connection: ClientConnection, packet: SubscribePacket): MaybePromise<Subscribed>;
  unsubscribe(
    connection: ClientConnection,
    packet: UnsubscribePacket,
  ): { reasonCodes: ReasonCode[]; lsn: Lsn };
  opened(connection: ClientConnection): void;
  /** An answer of this connection waits for the store. */
  answerWaits(connection: ClientConnection): void;
  /** The connection ended, whichever way; called once, also for those that never became a client. */
  ended(connection: ClientConnection, end: ConnectionEnd): void;
  /** There is something to flush at the end of the turn. */
  wantsFlush(connection: ClientConnection): void;
}

export interface ConnectionEnd {
  readonly cause: DisconnectCause;
  readonly reasonCode: ReasonCode;
  readonly detail: string | undefined;
  /** Set for a connection that was refused instead of ended. */
  readonly refusal: RefusalCause | undefined;
}
