import { ownPayloadBytesMin, ReasonCode, RetainHandling } from '../packet/index.ts';
import type { Message } from '../session/index.ts';
import { FilterError } from '../topic/index.ts';
import type { Core } from './core.ts';
import type { ClientFacts } from './events.ts';
import type { MaybePromise } from './hooks.ts';
import type { LinkOrigin } from './link.ts';
import {
  type LocalClient,
  LocalClientError,
  type LocalMessageHandler,
  type LocalPublish,
  type LocalSubscribeOptions,
  type LocalSubscription,
  type PublishResult,
} from './local-client.ts';
import type { Published, Publishing } from './publishing.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { LocalSubscriber, Router } from './router.ts';
import type { Subscribing } from './subscribing.ts';

const encoder = new TextEncoder();

/** Where in-process clients come from. */
export const localOrigin: LinkOrigin = {
  transport: 'memory',
  listenerName: '$local',
  remoteAddress: '',
  remotePort: 0,
  reach: 'loopback',
  certificate: undefined,
  encryption: undefined,
};

/** The parts of the broker an in-process client works with. */
export interface InProcessHost {
  readonly core: Core;
  readonly router: Router;
  readonly retained: RetainedMessages;
  readonly publishing: Publishing;
  readonly subscribing: Subscribing;
}

/** A client without a socket; see `LocalClient`. */
export class InProcessClient implements LocalClient {
  readonly facts: ClientFacts;
  private readonly host: InProcessHost;
  private readonly subscriptions = new Set<LocalSubscription>();
  private isClosed = false;

  constructor(host: InProcessHost, facts: ClientFacts) {
    this.host = host;
    this.facts = facts;
  }

  get clientId(): string {
    return this.facts.clientId;
  }

  publish(message: LocalPublish): MaybePromise<PublishResult> {
    if (this.isClosed) {
      const reasonString = 'this client is closed';
      return { reasonCode: ReasonCode.unspecifiedError, matched: 0, reasonString };
    }
    const { counters } = this.host.core;
    const payload = payloadOf(message);
    counters.publishReceived++;
    counters.publishBytesReceived += payload.length;
    const published = this.host.publishing.publish(
      this.facts,
      {
        topicName: message.topicName,
        payload,
        qos: message.qos ?? 0,
        retain: message.retain ?? false,
        properties: message.properties,
      },
      false,
    );
    return published instanceof Promise
      ? published.then((publish) => resultOf(publish()))
      : resultOf(published);
  }

  async subscribe(
    topicFilter: string,
    handler: LocalMessageHandler,
    options: LocalSubscribeOptions = {},
  ): Promise<LocalSubscription> {
    const parsed = this.host.subscribing.parse(topicFilter);
    if (parsed instanceof FilterError) {
      throw new LocalClientError(ReasonCode.topicFilterInvalid, parsed.reason);
    }
    if (parsed.shareName !== undefined) {
      const text = 'an in-process client cannot join a Shared Subscription';
      throw new LocalClientError(ReasonCode.sharedSubscriptionsNotSupported, text);
    }
    const { qos = 0, noLocal = false, retainHandling = RetainHandling.send } = options;
    const request = { topicFilter, qos, noLocal, retainAsPublished: true, retainHandling };
    const verdict = await this.host.core.plugins.authorizeSubscribe(this.facts, request, undefined);
    if (!verdict.allow) {
      throw new LocalClientError(verdict.reasonCode, verdict.reasonString ?? verdict.rule);
    }
    const subscriber: LocalSubscriber = {
      client: this.facts,
      noLocal,
      receive: (message: Message, retained: boolean) => handler(message, { retained }),
    };
    this.host.router.addLocal(topicFilter, subscriber);
    const subscription: LocalSubscription = {
      topicFilter,
      qos,
      unsubscribe: () => {
        if (this.subscriptions.delete(subscription)) {
          this.host.router.removeLocal(topicFilter, subscriber);
        }
      },
    };
    this.subscriptions.add(subscription);
    if (retainHandling !== RetainHandling.doNotSend) {
      this.replay(topicFilter, subscriber, subscription);
    }
    return subscription;
  }

  close(): void {
    this.isClosed = true;
    for (const subscription of [...this.subscriptions]) subscription.unsubscribe();
  }

  /** Retained Messages, in bounded pieces, each in a turn of its own. */
  private replay(
    topicFilter: string,
    subscriber: LocalSubscriber,
    subscription: LocalSubscription,
  ): void {
    const { core, retained } = this.host;
    const walk = retained.walk(topicFilter);
    const step = (): void => {
      if (!this.subscriptions.has(subscription)) return;
      for (const { message } of walk.next(core.settings.limits.retainedWalkStep)) {
        if (message.isExpired(core.runtime.nowMs())) continue;
        try {
          subscriber.receive(message, true);
        } catch (error) {
          core.plugins.tell('internalError', `subscriber ${this.clientId}`, error);
        }
      }
      if (!walk.done) core.runtime.afterTurn(step);
    };
    core.runtime.afterTurn(step);
  }
}

/** A large payload travels by reference, so it must not be the caller's. */
function payloadOf({ payload }: LocalPublish): Uint8Array {
  if (typeof payload === 'string') return encoder.encode(payload);
  return payload.length < ownPayloadBytesMin ? payload : new Uint8Array(payload);
}

function resultOf(published: Published): PublishResult {
  const { reasonCode, matched, reasonString } = published;
  return { reasonCode, matched, reasonString };
}
