/** The state that operations lead to, computed the plain way, in a form that can be compared. */
import type {
  Op,
  Receiver,
  SessionNumber,
  SessionRecord,
  StateSink,
  StoredDelivery,
  StoredSession,
} from '../broker/index.ts';
import type { Lsn, Message } from '../session/index.ts';
import { keyOf, type StoredSubscription } from './session-codec.ts';

interface ModelEntry {
  readonly message: Message;
  readonly id: Lsn;
  readonly receiver: Receiver;
  packetId: number;
  released: boolean;
  sentAt: Lsn;
}

export interface ModelSession {
  readonly number: SessionNumber;
  record: SessionRecord;
  readonly subscriptions: Map<string, StoredSubscription>;
  readonly unreleased: Set<number>;
  entries: ModelEntry[];
}

export class StateModel {
  readonly sessions: Map<SessionNumber, ModelSession> = new Map();
  readonly retained: Map<string, { id: Lsn; message: Message }> = new Map();

  /** What a store handed over, to go on from. */
  static from(sink: CollectingSink): StateModel {
    const model = new StateModel();
    for (const message of sink.messages) {
      model.retained.set(message.topicName, { id: message.lsn, message });
    }
    for (const { number, record, subscriptions, unreleased, inflight, queued } of sink.sessions) {
      model.session(number, record);
      const session = model.sessions.get(number) as ModelSession;
      for (const each of subscriptions) session.subscriptions.set(keyOf(each), each);
      for (const packetId of unreleased) session.unreleased.add(packetId);
      session.entries = [...inflight, ...queued].map((receiver, index) => {
        const { message, packetId, released } = receiver;
        return { message, id: message.lsn, receiver, packetId, released, sentAt: index - 1e6 };
      });
    }
    return model;
  }

  apply(op: Op, lsn: Lsn): void {
    switch (op.kind) {
      case 'message': {
        const { message } = op;
        for (const receiver of op.to) this.receive(message, lsn, receiver);
        if (op.retain === 'set') this.retained.set(message.topicName, { id: lsn, message });
        else if (op.retain === 'remove') this.retained.delete(message.topicName);
        break;
      }
      case 'queued': {
        const message = this.messageOf(op.message);
        if (message !== undefined) this.receive(message, op.message, op.to);
        break;
      }
      case 'settled': {
        const session = this.sessions.get(op.session);
        const entry = find(session, op.message, op.packetId ?? 0);
        if (session !== undefined) session.entries = session.entries.filter((e) => e !== entry);
        break;
      }
      case 'inflight': {
        const session = this.sessions.get(op.session);
        const entry = find(session, op.message, op.packetId) ?? find(session, op.message, 0);
        if (entry === undefined) break;
        entry.packetId = op.packetId;
        entry.released = op.released;
        if (!op.released) entry.sentAt = lsn;
        break;
      }
      case 'unreleased': {
        const unreleased = this.sessions.get(op.session)?.unreleased;
        if (op.held) unreleased?.add(op.packetId);
        else unreleased?.delete(op.packetId);
        break;
      }
      case 'session':
        this.session(op.session, op.record);
        break;
      case 'subscription': {
        const subscriptions = this.sessions.get(op.session)?.subscriptions;
        if (op.subscription === undefined) subscriptions?.delete(op.key);
        else subscriptions?.set(op.key, op.subscription);
        break;
      }
      default:
        this.retained.delete(op.topicName);
    }
  }

  messageOf(id: Lsn): Message | undefined {
    for (const retained of this.retained.values()) if (retained.id === id) return retained.message;
    for (const { entries } of this.sessions.values()) {
      for (const entry of entries) if (entry.id === id) return entry.message;
    }
    return undefined;
  }

  /** Payload bytes of all messages that somebody needs. */
  contentBytes(): number {
    const messages = new Set([...this.retained.values()].map(({ message }) => message));
    for (const { entries } of this.sessions.values()) {
      for (const { message } of entries) messages.add(message);
    }
    return [...messages].reduce((bytes, { payload }) => bytes + payload.length, 0);
  }

  snapshot(): string {
    const sessions = [...this.sessions.values()].map((session) => {
      const { number, record, entries } = session;
      const sent = entries.filter(({ packetId }) => packetId !== 0);
      sent.sort((a, b) => a.sentAt - b.sentAt);
      const waiting = entries.filter(({ packetId }) => packetId === 0);
      return {
        number,
        record,
        subscriptions: [...session.subscriptions.values()],
        unreleased: [...session.unreleased],
        inflight: sent.map((entry) => ({ ...entry.receiver, ...entry })),
        queued: waiting.map((entry) => ({ ...entry.receiver, ...entry })),
      };
    });
    const retained = [...this.retained.values()];
    return snapshot(sessions, retained);
  }

  private session(number: SessionNumber, record: SessionRecord | undefined): void {
    const known = this.sessions.get(number);
    if (record === undefined) this.sessions.delete(number);
    else if (known !== undefined) known.record = record;
    else {
      const [subscriptions, unreleased] = [new Map(), new Set<number>()];
      this.sessions.set(number, { number, record, subscriptions, unreleased, entries: [] });
    }
  }

  private receive(message: Message, id: Lsn, receiver: Receiver): void {
    const entry = { message, id, receiver, packetId: 0, released: false, sentAt: 0 };
    this.sessions.get(receiver.session)?.entries.push(entry);
  }
}

/** What a store hands over. */
export class CollectingSink implements StateSink {
  readonly sessions: StoredSession[] = [];
  readonly messages: Message[] = [];

  session(session: StoredSession): void {
    this.sessions.push(session);
  }

  retained(message: Message): void {
    this.messages.push(message);
  }

  snapshot(): string {
    const withIds = (deliveries: readonly StoredDelivery[]): ModelDelivery[] =>
      deliveries.map((delivery) => ({ ...delivery, id: delivery.message.lsn }));
    const sessions = this.sessions.map((session) => {
      const { inflight, queued } = session;
      return { ...session, inflight: withIds(inflight), queued: withIds(queued) };
    });
    return snapshot(
      sessions,
      this.messages.map((message) => ({ id: message.lsn, message })),
    );
  }
}

type ModelDelivery = StoredDelivery & { readonly id: Lsn };

interface ComparableSession extends Omit<StoredSession, 'inflight' | 'queued'> {
  readonly inflight: readonly ModelDelivery[];
  readonly queued: readonly ModelDelivery[];
}

function find(
  session: ModelSession | undefined,
  id: Lsn,
  packetId: number,
): ModelEntry | undefined {
  return session?.entries.find((entry) => entry.id === id && entry.packetId === packetId);
}

function snapshot(
  sessions: readonly ComparableSession[],
  retained: readonly { id: Lsn; message: Message }[],
): string {
  const lines = [
    ...sessions.flatMap((session) => {
      const { number, record, unreleased } = session;
      const of = `session ${number}`;
      return [
        `${of}: ${JSON.stringify(record, plain)}`,
        ...session.subscriptions.map((each) => `${of} subscribed ${options(each)}`),
        `${of} unreleased ${[...unreleased].sort((a, b) => a - b).join()}`,
        ...session.inflight.map((each, i) => `${of} inflight ${1e6 + i} ${delivery(each)}`),
        ...session.queued.map((each, i) => `${of} queued ${1e6 + i} ${delivery(each)}`),
      ];
    }),
    ...retained.map(({ id, message }) => `retained ${content(message, id)}`),
  ];
  return lines.sort().join('\n');
}

function options(subscription: StoredSubscription): string {
  const { topicFilter, shareName, qos, noLocal, retainAsPublished } = subscription;
  const { retainHandling, identifier } = subscription;
  const flags = [qos, noLocal, retainAsPublished, retainHandling, identifier ?? '-'];
  return `${JSON.stringify([topicFilter, shareName])} ${flags.join()}`;
}

function delivery(each: ModelDelivery): string {
  const { qos, retain, subscriptionIdentifiers, share, packetId, released, message, id } = each;
  const receiver = [qos, retain === true, subscriptionIdentifiers, share, packetId, released];
  return `${JSON.stringify(receiver)} ${content(message, id)}`;
}

function content(message: Message, id: Lsn): string {
  const { topicName, qos, retain, properties, publisherId, publisherName, receivedAtMs } = message;
  const fields = {
    id,
    topicName,
    qos,
    retain,
    properties,
    publisherId,
    publisherName,
    receivedAtMs,
  };
  const body = Buffer.from(message.payload).toString('base64');
  return `${JSON.stringify(fields, plain)} ${body}`;
}

/** Bytes and endless times, which JSON does not know. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value === Infinity ? 'never' : value;
}

/** What one snapshot has and the other has not; empty when they are equal. */
export function difference(found: string, expected: string): string[] {
  const [left, right] = [new Set(found.split('\n')), new Set(expected.split('\n'))];
  const missing = [...right].filter((line) => !left.has(line)).map((line) => `missing: ${line}`);
  const surplus = [...left].filter((line) => !right.has(line)).map((line) => `surplus: ${line}`);
  return [...missing, ...surplus].map((line) => line.slice(0, 200)).slice(0, 20);
}
