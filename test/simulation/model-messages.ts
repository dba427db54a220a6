/** What was published, who is owed a copy, and which copies the broker says it dropped. */
import type { Message, MessageDropped } from '../../src/broker/index.ts';
import { QoS } from '../../src/packet/index.ts';
import { localClientId } from './local-watch.ts';
import type { ModelRequests } from './model-requests.ts';
import type { ModelSession, ModelSubscription } from './model-session.ts';
import type { ModelState } from './model-state.ts';
import type { ModelSubscriptions } from './model-subscriptions.ts';
import { type Instance, idOf, type Publication, sameBytes, sameProperties } from './publication.ts';

export class ModelMessages {
  private readonly state: ModelState;
  private readonly requests: ModelRequests;
  private readonly subscriptions: ModelSubscriptions;
  /** Copies at QoS 0 that were dropped since the last message was published. */
  private dropsAtMostOnce: MessageDropped[] = [];
  /** Drops that may have been copies of Shared Subscriptions, by publisher and name. */
  private readonly sharedDrops = new Map<string, number>();
  /** A Retained Message was removed before it expired: an empty one must have been published. */
  private removed: string | undefined;
  private seq = 0;

  constructor(state: ModelState, requests: ModelRequests, subscriptions: ModelSubscriptions) {
    this.state = state;
    this.requests = requests;
    this.subscriptions = subscriptions;
  }

  published(message: Message, matched: number): void {
    const publication = this.publicationOf(message);
    this.state.counts.published++;
    const instance: Instance = {
      seq: ++this.seq,
      publication,
      publisherId: message.publisherId,
      expiresAtMs: message.expiresAtMs,
      lsn: message.lsn,
    };
    publication.publishedCount++;
    publication.matched = matched;
    const isForLocal = this.state.local?.expect(message) === true;
    const expected = this.owe(instance) + (isForLocal ? 1 : 0);
    if (matched !== expected) {
      this.fail(publication, `matched ${matched} receivers instead of ${expected}`);
    }
    if (publication.retain) this.retain(instance);
  }

  dropped(fact: MessageDropped): void {
    const { cause, clientId, qos } = fact;
    const { counts, sessions, options, rules } = this.state;
    counts.dropped++;
    if (cause === 'not-authorized') return;
    if (cause === 'queue-full' && options.queuedMessagesMax === 0) {
      rules.fail(`a message for ${clientId} was dropped: ${fact.rule}`, clientId ?? '');
    }
    if (qos > QoS.atMostOnce) {
      const key = sharedKey(fact.publisherId ?? '', fact.topicName);
      this.sharedDrops.set(key, (this.sharedDrops.get(key) ?? 0) + 1);
    }
    if (clientId === undefined || cause === 'session-ended') return;
    const hadWaited = qos > QoS.atMostOnce || cause === 'expired' || cause === 'queue-full';
    if (!hadWaited) this.dropsAtMostOnce.push(fact);
    else sessions.get(clientId)?.drops.add(fact);
  }

  retainedChanged(topicName: string, isRemoved: boolean): void {
    const { retained, rules } = this.state;
    if (!isRemoved) return;
    const instance = retained.get(topicName);
    if (instance === undefined) this.state.rules.fail(`${topicName} held no Retained Message`);
    if (instance.expiresAtMs <= rules.nowMs()) retained.remove(topicName);
    else this.removed = topicName;
  }

  /** At the end of a step everything must be explained. */
  judge(): void {
    if (this.removed !== undefined) {
      this.state.rules.fail(`the Retained Message of ${this.removed} disappeared`);
    }
    this.keepDrops();
  }

  /** QoS 1 and 2 messages of Shared Subscriptions that no member got and no drop explains. */
  missingShared(): string[] {
    const missing = this.state.sharedCopies.missing(({ publication, publisherId }) => {
      const key = sharedKey(publisherId, publication.topicName);
      const drops = this.sharedDrops.get(key) ?? 0;
      this.sharedDrops.set(key, Math.max(0, drops - 1));
      return drops > 0;
    });
    return missing.map(({ share, instance: { publication } }) => {
      return `#${publication.id} on ${publication.topicName}, ${share.key}`;
    });
  }

  private publicationOf(message: Message): Publication {
    const { attached, publications, wills } = this.state;
    const { publisherId, payload, topicName } = message;
    const id = idOf(payload);
    const known = publications.get(id);
    if (known?.isWill) {
      this.checkContent(known, message);
      // The connection is over, though that is told later.
      wills.published(known).isOpen = false;
      if (known.publishedCount > 0) this.fail(known, 'is a Will that was published twice');
      return known;
    }
    if (known?.client === localClientId) {
      this.checkContent(known, message);
      return known;
    }
    const link = attached.get(publisherId);
    const publication =
      id === 0 && link !== undefined ? this.requests.nextEmpty(link, topicName) : known;
    if (publication === undefined || link === undefined) {
      this.state.rules.fail(
        `${publisherId} published #${id} on ${topicName} from nowhere`,
        publisherId,
      );
    }
    this.checkContent(publication, message);
    const sent = this.requests.published(link, publication);
    sent.lsn = message.lsn;
    if (publication.isDenied) this.fail(publication, 'was published against the rules');
    if (publication.qos === QoS.exactlyOnce && publication.publishedCount > 0) {
      this.fail(publication, 'is QoS 2 and was published twice'); // [MQTT-4.3.3-10]
    }
    return publication;
  }

  private checkContent(publication: Publication, message: Message): void {
    const { topicName, payload, qos, retain, properties } = publication;
    const isSame =
      topicName === message.topicName &&
      qos === message.qos &&
      retain === message.retain &&
      sameBytes(payload, message.payload) &&
      sameProperties(properties, message.properties);
    if (!isSame) this.fail(publication, 'was published with other content');
  }

  /** Notes who has to get it. @returns how many receivers that are. */
  private owe(instance: Instance): number {
    const { publication, publisherId } = instance;
    let receivers = 0;
    for (const [session, all] of this.subscriptions.matching(publication.topicName)) {
      const isOwn = session.clientId === publisherId;
      const asked = [...all].filter(({ noLocal }) => !(isOwn && noLocal)); // [MQTT-3.8.3-3]
      if (asked.length === 0) continue;
      receivers++;
      this.oweTo(session, instance, asked);
    }
    for (const share of this.subscriptions.sharesMatching(publication.topicName)) {
      receivers++;
      this.state.sharedCopies.published(share, instance);
    }
    this.checkAbsentMembers(publication);
    this.keepDrops();
    return receivers;
  }

  /** Connected members of a Shared Subscription are asked before offline ones. */
  private checkAbsentMembers(publication: Publication): void {
    const shares = this.subscriptions.sharesMatching(publication.topicName);
    for (const { cause, clientId = '' } of this.dropsAtMostOnce) {
      const session = this.state.sessions.get(clientId);
      if (cause !== 'offline-qos0' || session === undefined) continue;
      const own = shares.filter(({ members }) => members.has(session));
      const isPassedBy = own.some(({ members }) => [...members].every(({ isOpen }) => !isOpen));
      if (own.length > 0 && !isPassedBy) {
        this.fail(publication, `went to ${clientId}, which is away while other members are there`);
      }
    }
  }

  private oweTo(
    session: ModelSession,
    instance: Instance,
    subscriptions: readonly ModelSubscription[],
  ): void {
    const { publication } = instance;
    const qos = Math.min(
      publication.qos,
      Math.max(...subscriptions.map((subscription) => subscription.qos)),
    ) as QoS;
    const retain = publication.retain && subscriptions.some((one) => one.retainAsPublished);
    const identifiers = subscriptions.flatMap((one) => one.identifiers).sort((a, b) => a - b);
    const epoch = session.isConnected ? session.epoch : session.epoch + 1;
    const owed = { instance, qos, retain, identifiers, epoch, maybeDropped: false };
    if (qos > QoS.atMostOnce) session.live.push(owed);
    else if (!this.wasDroppedAtOnce(session, instance)) session.atMostOnce.push(owed);
    else if (this.isMemberFor(session, publication)) {
      session.atMostOnce.push({ ...owed, maybeDropped: true });
    }
  }

  /** It may get the message through a Shared Subscription as well. */
  private isMemberFor(session: ModelSession, { topicName }: Publication): boolean {
    const shares = this.subscriptions.sharesMatching(topicName);
    return session.isOpen && shares.some(({ members }) => members.has(session));
  }

  /** At QoS 0 a copy that cannot be sent at once is dropped, and that is told. */
  private wasDroppedAtOnce(session: ModelSession, instance: Instance): boolean {
    const { publication } = instance;
    const index = this.dropsAtMostOnce.findIndex(
      ({ clientId, publisherId, topicName }) =>
        clientId === session.clientId &&
        publisherId === instance.publisherId &&
        topicName === publication.topicName,
    );
    const [drop] = index < 0 ? [] : this.dropsAtMostOnce.splice(index, 1);
    const { queueQoS0Offline } = this.state.options;
    const mustDrop = !session.isOpen && !queueQoS0Offline;
    if (mustDrop && drop?.cause !== 'offline-qos0') {
      this.fail(publication, `was not reported as dropped for ${session.clientId}, which is away`);
    }
    if (!mustDrop && drop?.cause === 'offline-qos0') {
      this.fail(publication, `was dropped for ${session.clientId}, which is there`);
    }
    return drop !== undefined;
  }

  private retain(instance: Instance): void {
    const { topicName, payload } = instance.publication;
    if (this.removed !== undefined && (this.removed !== topicName || payload.length > 0)) {
      this.state.rules.fail(`the Retained Message of ${this.removed} disappeared`);
    }
    this.removed = undefined;
    this.state.retained.set(instance, this.state.rules.nowMs());
  }

  /** Drops that were no copies of the message just published: of Retained Messages, or from a queue. */
  private keepDrops(): void {
    for (const fact of this.dropsAtMostOnce) {
      this.state.sessions.get(fact.clientId ?? '')?.drops.add(fact);
    }
    this.dropsAtMostOnce = [];
  }

  private fail(publication: Publication, text: string): never {
    const { id, topicName, client } = publication;
    this.state.rules.fail(`#${id} on ${topicName} of ${client} ${text}`, client);
  }
}

function sharedKey(publisherId: string, topicName: string): string {
  return `${publisherId} ${topicName}`;
}
