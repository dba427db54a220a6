/**
 * The broker as it should be, told what happened by the broker's own facts. A fact says when something
 * took effect; whether it may, and what has to follow from it, the model decides by itself: from what the
 * clients sent, what of it reached the broker, and the rules of the specification.
 *
 * Rejected: a model without facts. What a broker did with packets whose acknowledgement was lost could
 * then only be bounded, and most wrong orders would pass.
 */
import type { BrokerPlugin } from '../../src/broker/index.ts';
import type { Trace } from './failure.ts';
import type { LaggingJournal } from './lagging-store.ts';
import { ModelMessages } from './model-messages.ts';
import { ModelRequests } from './model-requests.ts';
import type { SessionRules } from './model-session.ts';
import { ModelSessions } from './model-sessions.ts';
import { latenessMs, ModelState } from './model-state.ts';
import { ModelSubscriptions } from './model-subscriptions.ts';
import type { SimulationOptions } from './options.ts';

export class Model {
  readonly state: ModelState;
  readonly sessions: ModelSessions;
  readonly messages: ModelMessages;
  readonly requests: ModelRequests;
  private readonly subscriptions: ModelSubscriptions;

  constructor(
    options: SimulationOptions,
    rules: SessionRules,
    trace: Trace,
    journal: LaggingJournal,
  ) {
    this.state = new ModelState(options, rules, trace, journal);
    this.requests = new ModelRequests(this.state);
    this.subscriptions = new ModelSubscriptions(this.state, this.requests);
    this.sessions = new ModelSessions(this.state, this.requests, this.subscriptions);
    this.messages = new ModelMessages(this.state, this.requests, this.subscriptions);
  }

  /** What the broker is given to observe it. */
  get plugin(): BrokerPlugin {
    const { state, sessions, messages, subscriptions } = this;
    return {
      name: 'model',
      clientConnected: (fact) => sessions.connected(fact),
      clientDisconnected: (fact) => sessions.disconnected(fact),
      connectionRefused: () => {
        state.counts.refused++;
      },
      sessionStarted: ({ clientId }) => sessions.started(clientId),
      sessionEnded: (fact) => sessions.ended(fact),
      clientSubscribed: (fact) => subscriptions.subscribed(fact),
      clientUnsubscribed: (fact) => subscriptions.unsubscribed(fact),
      subscriptionRefused: (fact) => subscriptions.refused(fact),
      messagePublished: (message, matched) => messages.published(message, matched),
      messageDropped: (fact) => messages.dropped(fact),
      retainedChanged: (topicName, removed) => messages.retainedChanged(topicName, removed),
    };
  }

  /** After a turn of the broker: everything it told must be explained. */
  judge(): void {
    this.sessions.judge();
    this.messages.judge();
    this.state.wills.judge();
  }

  /** After time passed and the broker looked at its timers: nothing may be overdue. */
  checkOverdue(): void {
    const { retained, rules, wills } = this.state;
    this.sessions.checkOverdue();
    wills.checkOverdue();
    for (const [topicName, { expiresAtMs }] of retained.all()) {
      if (expiresAtMs + latenessMs < rules.nowMs()) {
        rules.fail(`the Retained Message of ${topicName} did not expire`);
      }
    }
  }

  /** When every client is connected and nothing is under way: nothing may be missing. */
  checkArrived(): void {
    const { rules, sessions } = this.state;
    for (const session of sessions.values()) {
      const { clientId } = session;
      const [owed] = session.missing();
      if (owed !== undefined) {
        const { publication } = owed.instance;
        rules.fail(
          `${clientId} never got #${publication.id} on ${publication.topicName} (QoS ${owed.qos})`,
          clientId,
          publication.client,
        );
      }
      const [name] = session.missingRetained();
      if (name !== undefined) {
        rules.fail(`${clientId} never got the Retained Message of ${name}`, clientId);
      }
    }
    const [shared] = this.messages.missingShared();
    if (shared !== undefined) rules.fail(`no member got ${shared}`);
  }
}
