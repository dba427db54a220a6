import { type AuthPacket, ReasonCode, type SubscriptionRequest } from '../packet/index.ts';
import type { Message } from '../session/index.ts';
import type { BrokerObserver, ClientFacts } from './events.ts';
import type {
  AuthenticationOutcome,
  BrokerPlugin,
  ConnectRequest,
  MaybePromise,
  PublishChanges,
  PublishRequest,
  Verdict,
} from './hooks.ts';

export const allowed: Verdict = { allow: true };

type Having<K extends keyof BrokerPlugin> = BrokerPlugin & Required<Pick<BrokerPlugin, K>>;

/** The names of the facts: everything observers may implement. */
type FactName = Exclude<keyof BrokerObserver, 'name'>;

/**
 * The plugins of a broker, sorted by what they take part in, so that a point nobody took costs one
 * `length === 0`. A deciding function that throws lets the exception out (the connection that asked ends);
 * an observer that throws is reported and goes no further.
 */
export class Plugins {
  authenticators: readonly Having<'authenticate'>[] = [];
  authorizersOfPublish: readonly Having<'authorizePublish'>[] = [];
  authorizersOfSubscribe: readonly Having<'authorizeSubscribe'>[] = [];
  authorizersOfDelivery: readonly Having<'authorizeDelivery'>[] = [];
  transformers: readonly Having<'transformPublish'>[] = [];
  observesPublished = false;
  observesDelivered = false;
  private all: readonly BrokerPlugin[] = [];
  private readonly observers = new Map<FactName, readonly BrokerPlugin[]>();

  constructor(plugins: readonly BrokerPlugin[]) {
    this.sort(plugins);
  }

  /** Adds one while the broker runs. @returns what takes it out again */
  attach(plugin: BrokerPlugin): () => void {
    this.sort([...this.all, plugin]);
    return () => this.sort(this.all.filter((other) => other !== plugin));
  }

  private sort(plugins: readonly BrokerPlugin[]): void {
    this.all = plugins;
    this.observers.clear();
    this.authenticators = having(plugins, 'authenticate');
    this.authorizersOfPublish = having(plugins, 'authorizePublish');
    this.authorizersOfSubscribe = having(plugins, 'authorizeSubscribe');
    this.authorizersOfDelivery = having(plugins, 'authorizeDelivery');
    this.transformers = having(plugins, 'transformPublish');
    this.observesPublished = having(plugins, 'messagePublished').length > 0;
    this.observesDelivered = having(plugins, 'messageDelivered').length > 0;
  }

  /** Tells every observer of this fact. */
  tell<K extends FactName>(name: K, ...facts: Parameters<Required<BrokerObserver>[K]>): void {
    for (const plugin of this.observersOf(name)) {
      try {
        (plugin[name] as (...args: unknown[]) => void).apply(plugin, facts);
      } catch (error) {
        if (name !== 'internalError') {
          this.tell('internalError', `observer ${plugin.name}.${name}`, error);
        }
      }
    }
  }

  private observersOf(name: FactName): readonly BrokerPlugin[] {
    let observers = this.observers.get(name);
    if (observers === undefined) {
      observers = having(this.all, name);
      this.observers.set(name, observers);
    }
    return observers;
  }

  authenticate(request: ConnectRequest): MaybePromise<AuthenticationOutcome | undefined> {
    return firstAnswer(this.authenticators, (plugin) => plugin.authenticate(request));
  }

  continueAuthentication(
    request: ConnectRequest,
    packet: AuthPacket,
  ): MaybePromise<AuthenticationOutcome | undefined> {
    return firstAnswer(having(this.all, 'continueAuthentication'), (plugin) =>
      plugin.continueAuthentication(request, packet),
    );
  }

  authorizePublish(request: PublishRequest): MaybePromise<Verdict> {
    return unanimous(this.authorizersOfPublish, (plugin) => plugin.authorizePublish(request));
  }

  authorizeSubscribe(
    client: ClientFacts,
    request: SubscriptionRequest,
    shareName: string | undefined,
  ): MaybePromise<Verdict> {
    return unanimous(this.authorizersOfSubscribe, (plugin) =>
      plugin.authorizeSubscribe(client, request, shareName),
    );
  }

  /** One that throws says no: the message is somebody else's, whose connection may not end for it. */
  authorizeDelivery(receiver: ClientFacts, message: Message): Verdict {
    for (const plugin of this.authorizersOfDelivery) {
      try {
        const verdict = plugin.authorizeDelivery(receiver, message);
        if (!verdict.allow) return verdict;
      } catch (error) {
        const rule = `${plugin.name}.authorizeDelivery threw`;
        this.tell('internalError', `delivery to "${receiver.clientId}"`, error);
        return { allow: false, reasonCode: ReasonCode.implementationSpecificError, rule };
      }
    }
    return allowed;
  }

  /** @returns the request as changed by all, or false when one of them dropped it. */
  transformPublish(request: PublishRequest): MaybePromise<PublishRequest | false> {
    return transformFrom(this.transformers, 0, request);
  }
}

function having<K extends keyof BrokerPlugin>(
  plugins: readonly BrokerPlugin[],
  name: K,
): readonly Having<K>[] {
  return plugins.filter((plugin): plugin is Having<K> => plugin[name] !== undefined);
}

/** Asks in order until one answers; stays synchronous as long as the plugins do. */
function firstAnswer<P, T>(
  plugins: readonly P[],
  ask: (plugin: P) => MaybePromise<T | undefined>,
  from = 0,
): MaybePromise<T | undefined> {
  for (let i = from; i < plugins.length; i++) {
    const answer = ask(plugins[i] as P);
    if (answer instanceof Promise) {
      return answer.then((known) => known ?? firstAnswer(plugins, ask, i + 1));
    }
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Asks in order until one says no. */
function unanimous<P>(
  plugins: readonly P[],
  ask: (plugin: P) => MaybePromise<Verdict>,
  from = 0,
): MaybePromise<Verdict> {
  for (let i = from; i < plugins.length; i++) {
    const verdict = ask(plugins[i] as P);
    if (verdict instanceof Promise) {
      return verdict.then((known) => (known.allow ? unanimous(plugins, ask, i + 1) : known));
    }
    if (!verdict.allow) return verdict;
  }
  return allowed;
}

function transformFrom(
  plugins: readonly Having<'transformPublish'>[],
  from: number,
  request: PublishRequest,
): MaybePromise<PublishRequest | false> {
  let current = request;
  for (let i = from; i < plugins.length; i++) {
    const changes = (plugins[i] as Having<'transformPublish'>).transformPublish(current);
    if (changes instanceof Promise) {
      const before = current;
      return changes.then((known) =>
        known === false ? false : transformFrom(plugins, i + 1, changed(before, known)),
      );
    }
    if (changes === false) return false;
    current = changed(current, changes);
  }
  return current;
}

function changed(request: PublishRequest, changes: PublishChanges | undefined): PublishRequest {
  return changes === undefined ? request : { ...request, ...changes };
}
