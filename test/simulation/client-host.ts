import type {
  AcknowledgementPacket,
  ClientPacket,
  ConnackPacket,
  SubackPacket,
  SubscribePacket,
} from '../../src/packet/index.ts';
import type { Arrival, Publication } from './publication.ts';
import type { SimLink } from './sim-link.ts';

/** A PUBLISH as it came; which connection of the Session it was, the host knows. */
export type ArrivedPublish = Omit<Arrival, 'epoch'>;

/** What the simulation is asked, and told, by one client. */
export interface ClientHost {
  chance(probability: number): boolean;
  /** @returns whether it is a message that the client did not have. */
  arrived(link: SimLink, arrival: ArrivedPublish): boolean;
  /** Whether a QoS 2 message came under this identifier and is not finished. */
  isInFlow(link: SimLink, packetId: number): boolean;
  /** The client ends the flow of a received message: this is sent next. */
  send(link: SimLink, packet: ClientPacket, publication?: Publication): void;
  finish(link: SimLink, packet: AcknowledgementPacket): void;
  /**
   * @returns whether the Session is the one that the client knows. A CONNACK that got lost may have said
   * that a new one began, and nothing in MQTT repeats that.
   */
  connackArrived(link: SimLink, connack: ConnackPacket): boolean;
  subackArrived(link: SimLink, subscribe: SubscribePacket, suback: SubackPacket): void;
  trace(text: string, ...values: readonly unknown[]): void;
  fail(text: string): never;
}
