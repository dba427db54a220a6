/**
 * A store that is durable when the simulation says so. It also keeps what an engine would have on its
 * disk, so that a run can compare that with the broker: what a restart would bring back, and that nothing
 * is left of what ended.
 */
import type { Journal, Op, RecoveryReport, Store, StoreFault } from '../../src/broker/index.ts';

/** What is kept of one Session. */
export class StoredSession {
  clientId = '';
  /** Place in the log of its last record. */
  recordedAt = 0;
  readonly subscriptions: Set<string> = new Set();
  /** Places in the log of the messages that it still needs. */
  readonly messages: Set<number> = new Set();
  /** QoS 2 identifiers received and not released. */
  readonly unreleased: Map<number, number> = new Map();
}

export class LaggingStore implements Store {
  readonly isDurable = true;
  readonly journal: LaggingJournal;

  constructor(isLagging: boolean) {
    this.journal = new LaggingJournal(isLagging);
  }

  open(): Promise<RecoveryReport> {
    return Promise.resolve({ sessions: 0, retainedMessages: 0, queuedMessages: 0, problems: [] });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class LaggingJournal implements Journal {
  readonly sessions: Map<number, StoredSession> = new Map();
  readonly retained: Set<string> = new Set();
  last = 0;
  private readonly isLagging: boolean;
  private upTo = 0;
  private callback: (upTo: number) => void = () => undefined;

  constructor(isLagging: boolean) {
    this.isLagging = isLagging;
  }

  get durable(): number {
    return this.isLagging ? this.upTo : this.last;
  }

  append(op: Op): number {
    this.last++;
    this.apply(op);
    return this.last;
  }

  onDurable(callback: (upTo: number) => void): void {
    this.callback = callback;
  }

  onFault(_callback: (fault: StoreFault) => void): void {
    // This store never fails.
  }

  pressure(): { readonly pendingBytes: number; readonly oldestMs: number } {
    return { pendingBytes: this.last - this.durable, oldestMs: 0 };
  }

  /** The watermark moves on. */
  advance(upTo: number): void {
    if (!this.isLagging || upTo <= this.upTo) return;
    this.upTo = upTo;
    this.callback(upTo);
  }

  sessionOf(clientId: string): StoredSession | undefined {
    for (const session of this.sessions.values()) {
      if (session.clientId === clientId) return session;
    }
    return undefined;
  }

  /** What the CONNACK of this client has to wait for. */
  openedAt(clientId: string): number {
    return this.sessionOf(clientId)?.recordedAt ?? 0;
  }

  private apply(op: Op): void {
    switch (op.kind) {
      case 'message':
        for (const { session } of op.to) this.of(session).messages.add(this.last);
        if (op.retain === 'set') this.retained.add(op.message.topicName);
        else if (op.retain === 'remove') this.retained.delete(op.message.topicName);
        break;
      case 'queued':
        this.of(op.to.session).messages.add(op.message);
        break;
      case 'settled':
        this.sessions.get(op.session)?.messages.delete(op.message);
        break;
      case 'unreleased':
        if (op.held) this.of(op.session).unreleased.set(op.packetId, this.last);
        else this.sessions.get(op.session)?.unreleased.delete(op.packetId);
        break;
      case 'session':
        if (op.record === undefined) this.sessions.delete(op.session);
        else {
          const session = this.of(op.session);
          session.clientId = op.record.clientId;
          session.recordedAt = this.last;
        }
        break;
      case 'subscription':
        if (op.subscription === undefined) {
          this.sessions.get(op.session)?.subscriptions.delete(op.key);
        } else this.of(op.session).subscriptions.add(op.key);
        break;
      case 'retained-removed':
        this.retained.delete(op.topicName);
        break;
      case 'inflight':
        break;
      default:
        op satisfies never;
    }
  }

  private of(number: number): StoredSession {
    let session = this.sessions.get(number);
    if (session === undefined) {
      session = new StoredSession();
      this.sessions.set(number, session);
    }
    return session;
  }
}
