/** Where a client of the simulation meets the model: what it got is judged, what it sends is traced. */
import {
  type AcknowledgementPacket,
  type ClientPacket,
  type ConnackPacket,
  type ConnectPacket,
  MqttVersion,
  ReasonCode,
  type SubackPacket,
  type SubscribePacket,
} from '../../src/packet/index.ts';
import { isFilterDenied, wrongPassword } from './access.ts';
import type { ArrivedPublish, ClientHost } from './client-host.ts';
import type { ModelSession } from './model-session.ts';
import type { ModelState } from './model-state.ts';
import { type Instance, type Publication, sameBytes, sameProperties } from './publication.ts';
import type { Random } from './random.ts';
import type { SimLink } from './sim-link.ts';

export class ClientDesk implements ClientHost {
  /** Messages that the client took as new. */
  taken = 0;
  private knownSession: ModelSession | undefined;
  private readonly name: string;
  private readonly state: ModelState;
  private readonly random: Random;

  constructor(name: string, state: ModelState, random: Random) {
    this.name = name;
    this.state = state;
    this.random = random;
  }

  chance(probability: number): boolean {
    return probability >= 1 || this.random.chance(probability);
  }

  trace(text: string, ...values: readonly unknown[]): void {
    this.state.trace.add(this.name, text, ...values);
  }

  fail(text: string): never {
    this.state.rules.fail(`${this.name}: ${text}`, this.name);
  }

  arrived(link: SimLink, arrival: ArrivedPublish): boolean {
    const { session, epoch } = this.sessionOf(link);
    const instance = session.arrived({ ...arrival, epoch });
    if (instance === undefined) return false;
    this.taken++;
    const { properties } = instance.publication;
    const expected = link.version === MqttVersion.v5 ? properties : undefined;
    if (!sameProperties(expected, arrival.properties)) {
      this.fail(`#${arrival.id} has other properties: ${JSON.stringify(arrival.properties)}`);
    }
    this.checkExpiry(link, arrival, instance);
    return true;
  }

  isInFlow(link: SimLink, packetId: number): boolean {
    return this.sessionOf(link).session.isInFlow(packetId);
  }

  send(link: SimLink, packet: ClientPacket, publication?: Publication): void {
    link.send(packet, publication);
  }

  finish(link: SimLink, packet: AcknowledgementPacket): void {
    this.trace('finishes', packet.packetId);
    const sent = link.send(packet);
    this.sessionOf(link).session.acknowledged(packet.packetId, link, sent);
  }

  connackArrived(link: SimLink, connack: ConnackPacket): boolean {
    const connect = link.sent[0]?.packet as ConnectPacket;
    const isWrong = connect.password !== undefined && sameBytes(connect.password, wrongPassword);
    if (isWrong && this.state.options.lateDecisions) {
      if (connack.reasonCode !== ReasonCode.badUserNameOrPassword) {
        this.fail(`was let in with a wrong password: ${connack.reasonCode}`);
      }
      return true;
    }
    if (connack.reasonCode !== ReasonCode.success) {
      this.fail(`was refused with ${connack.reasonCode}`);
    }
    const { epoch, session } = this.sessionOf(link);
    const isPresent = epoch > 1 && link.version !== MqttVersion.v31;
    if (connack.sessionPresent !== isPresent) {
      this.fail(`got Session Present ${connack.sessionPresent}`); // [MQTT-3.2.2-2], [MQTT-3.2.2-3]
    }
    const isKnown = session === this.knownSession;
    this.knownSession = session;
    return isKnown;
  }

  subackArrived(link: SimLink, subscribe: SubscribePacket, suback: SubackPacket): void {
    const expected = subscribe.subscriptions.map(({ topicFilter, qos }) => {
      if (!this.state.options.lateDecisions || !isFilterDenied(this.name, topicFilter)) return qos;
      return link.version === MqttVersion.v5
        ? ReasonCode.notAuthorized
        : ReasonCode.unspecifiedError;
    });
    if (expected.join() !== suback.reasonCodes.join()) {
      this.fail(`SUBACK ${suback.reasonCodes.join()} instead of ${expected.join()}`);
    }
  }

  /** The session that the broker attached the connection to: there is one as soon as CONNACK came. */
  private sessionOf(link: SimLink): { session: ModelSession; epoch: number } {
    return this.state.sessionOf.get(link) ?? this.fail('got an answer without being connected');
  }

  /** What is left of the interval: not more than when the connection began, and something [MQTT-3.3.2-5]. */
  private checkExpiry(link: SimLink, arrival: ArrivedPublish, instance: Instance): void {
    if (link.version !== MqttVersion.v5) return;
    const { dup, id, properties } = arrival;
    // Published twice, the copies are alike and only one of them began when the model thinks.
    if (instance.publication.publishedCount > 1) return;
    const asked = instance.publication.properties?.messageExpiryInterval;
    const left = properties?.messageExpiryInterval;
    if (asked === undefined && left === undefined) return;
    const atStart = Math.max(0, Math.ceil((instance.expiresAtMs - link.openedAtMs) / 1000));
    const isTooMuch = left === undefined || asked === undefined || left > Math.min(asked, atStart);
    const isTooLate = left === 0 && asked !== 0 && !dup;
    if (isTooMuch || isTooLate) {
      this.fail(`#${id} has a Message Expiry Interval of ${left}, asked was ${asked}`);
    }
  }
}
