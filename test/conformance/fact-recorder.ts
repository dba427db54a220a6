import type {
  BrokerPlugin,
  ClientConnected,
  ClientDisconnected,
  ConnectionRefused,
  MessageDropped,
  SessionEnded,
  SubscriptionRefused,
} from '../../src/broker/index.ts';

/** Writes down what the broker tells its observers. */
export class FactRecorder implements BrokerPlugin {
  readonly name = 'fact-recorder';
  readonly connects: ClientConnected[] = [];
  readonly disconnects: ClientDisconnected[] = [];
  readonly refusals: ConnectionRefused[] = [];
  readonly drops: MessageDropped[] = [];
  readonly sessionEnds: SessionEnded[] = [];
  readonly refusedSubscriptions: SubscriptionRefused[] = [];
  readonly errors: { readonly where: string; readonly error: unknown }[] = [];

  clientConnected(fact: ClientConnected): void {
    this.connects.push(fact);
  }

  clientDisconnected(fact: ClientDisconnected): void {
    this.disconnects.push(fact);
  }

  connectionRefused(fact: ConnectionRefused): void {
    this.refusals.push(fact);
  }

  messageDropped(fact: MessageDropped): void {
    this.drops.push(fact);
  }

  sessionEnded(fact: SessionEnded): void {
    this.sessionEnds.push(fact);
  }

  subscriptionRefused(fact: SubscriptionRefused): void {
    this.refusedSubscriptions.push(fact);
  }

  internalError(where: string, error: unknown): void {
    this.errors.push({ where, error });
  }
}
