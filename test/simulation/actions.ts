/** What clients do by chance. */
import {
  type MessageProperties,
  MqttVersion,
  QoS,
  ReasonCode,
  type SubscriptionRequest,
  type Will,
} from '../../src/packet/index.ts';
import { wrongPassword } from './access.ts';
import { forever } from './client-profile.ts';
import { localClientId } from './local-watch.ts';
import { type Publication, payloadOf } from './publication.ts';
import type { Random } from './random.ts';
import type { SimClient } from './sim-client.ts';
import {
  isShared,
  plainNames,
  randomFilter,
  retainedNames,
  sharedNames,
  sharedQoS,
  willNames,
} from './topics.ts';
import type { World } from './world.ts';

const subscriptionsPerClientMax = 8;

export class Actions {
  private readonly world: World;
  private readonly random: Random;

  constructor(world: World) {
    this.world = world;
    this.random = world.random;
  }

  connect(client: SimClient): void {
    const { random, world } = this;
    const { version, isAnonymous, sessionExpiryInterval } = client.profile;
    const isClean =
      isAnonymous ||
      client.mustStartClean ||
      random.chance(0.05) ||
      (sessionExpiryInterval === 0 && (version !== MqttVersion.v5 || random.chance(0.5)));
    const isWrong = world.options.lateDecisions && random.chance(0.03);
    world.connect(client, {
      cleanStart: isClean,
      will: this.will(client),
      password: isWrong ? wrongPassword : undefined,
      sessionExpiryInterval: version === MqttVersion.v5 && random.chance(0.05) ? 0 : undefined,
    });
    if (!client.mayPipeline || isWrong || !random.chance(0.3)) return;
    this.subscribe(client);
    this.publish(client);
  }

  publish(client: SimClient): void {
    for (let count = this.random.between(1, 4); count > 0; count--) this.publishOne(client);
  }

  publishInProcess(): void {
    this.world.local.publish(this.publication(localClientId, QoS.exactlyOnce, true));
  }

  subscribe(client: SimClient): void {
    const { random } = this;
    const isV5 = client.profile.version === MqttVersion.v5;
    if (client.filters.size >= subscriptionsPerClientMax) return;
    const count = random.pick([1, 1, 1, 2, 3]);
    const subscriptions = Array.from({ length: count }, () => this.subscriptionRequest(isV5));
    const hasIdentifier = isV5 && random.chance(0.5);
    client.subscribe(subscriptions, hasIdentifier ? random.between(1, 300) : undefined);
  }

  unsubscribe(client: SimClient): void {
    const { random } = this;
    const filters: string[] = [];
    if (client.filters.size > 0) filters.push(random.pick([...client.filters]));
    if (filters.length === 0 || random.chance(0.2)) filters.push(randomFilter(random));
    client.unsubscribe(filters);
  }

  disconnect(client: SimClient): void {
    const { random } = this;
    const isV5 = client.profile.version === MqttVersion.v5;
    const keepsWill = isV5 && random.chance(0.2);
    const mayChange = isV5 && client.sessionExpiryInterval > 0 && random.chance(0.2);
    client.disconnect(
      keepsWill ? ReasonCode.disconnectWithWillMessage : ReasonCode.normalDisconnection,
      mayChange ? random.pick([0, 5, 60, 600]) : undefined,
    );
  }

  private publishOne(client: SimClient): void {
    if (!client.sending.mayPublish) return;
    const { qosMax, version } = client.profile;
    client.publish(this.publication(client.name, qosMax, version === MqttVersion.v5));
  }

  private publication(clientName: string, qosMax: QoS, hasProperties: boolean): Publication {
    const { random, world } = this;
    const qos = Math.min(random.pick([0, 1, 1, 2, 2]), qosMax) as QoS;
    const dice = random.next();
    const isRetainedName = dice < 0.2;
    const names = isRetainedName ? retainedNames : dice < 0.35 ? sharedNames : plainNames;
    const retain = random.chance(isRetainedName ? 0.7 : 0.03);
    // An empty payload names no publication: only a connection tells whose it is.
    const mayBeEmpty = isRetainedName && retain && clientName !== localClientId;
    const isEmpty = mayBeEmpty && random.chance(0.25);
    const properties = hasProperties && !isEmpty ? this.properties() : undefined;
    const fields = { topicName: random.pick(names), qos, retain, properties };
    return world.newPublication(clientName, fields, isEmpty ? 0 : this.payloadLength());
  }

  private payloadLength(): number {
    const dice = this.random.next();
    if (dice < 0.7) return this.random.between(4, 40);
    return dice < 0.97 ? this.random.between(40, 400) : this.random.between(400, 5000);
  }

  private properties(): MessageProperties | undefined {
    const { random } = this;
    if (random.chance(0.6)) return undefined;
    const properties: { -readonly [K in keyof MessageProperties]: MessageProperties[K] } = {};
    if (random.chance(0.3)) properties.messageExpiryInterval = random.pick([0, 1, 5, 60]);
    if (random.chance(0.3)) properties.contentType = 'text/plain';
    if (random.chance(0.2)) properties.responseTopic = 'answers/here';
    if (random.chance(0.2)) properties.correlationData = new Uint8Array([1, 2, 3]);
    if (random.chance(0.3)) {
      properties.userProperties = [
        ['b', '1'],
        ['a', '2'],
        ['b', '3'],
      ];
    }
    return Object.keys(properties).length === 0 ? undefined : properties;
  }

  private subscriptionRequest(isV5: boolean): SubscriptionRequest {
    const { random } = this;
    const topicFilter = randomFilter(random);
    const shared = isShared(topicFilter);
    return {
      topicFilter,
      qos: shared ? sharedQoS(topicFilter) : random.pick([QoS.atMostOnce, 1, 2]),
      noLocal: isV5 && !shared && random.chance(0.2),
      retainAsPublished: isV5 && !shared && random.chance(0.3),
      retainHandling: isV5 ? random.pick([0, 0, 1, 2]) : 0,
    };
  }

  private will(client: SimClient): Will | undefined {
    const { random, world } = this;
    if (random.chance(0.6)) return undefined;
    const isV5 = client.profile.version === MqttVersion.v5;
    const delay = isV5 ? random.pick([0, 0, 1, 10, 600, forever]) : 0;
    return {
      topicName: random.pick(willNames),
      payload: payloadOf(world.nextWillId(), 20),
      qos: random.pick([0, 1, 2]),
      retain: random.chance(0.2),
      properties: isV5
        ? {
            willDelayInterval: delay === 0 ? undefined : delay,
            contentType: random.chance(0.3) ? 'text/plain' : undefined,
          }
        : undefined,
    };
  }
}
