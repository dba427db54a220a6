/**
 * Messages on their way to the server. QoS 1 and 2 are kept until the server has acknowledged them, across
 * connections; no more are on their way than the server's Receive Maximum allows [MQTT-4.9.0-1], the
 * others wait in order. The map of those on their way keeps the order in which they were first sent,
 * which is the order of sending again [MQTT-4.6.0-1].
 */
import {
  type AcknowledgementPacket,
  type ClientPacket,
  PacketType,
  type PublishPacket,
  ReasonCode,
  type ReasonProperties,
} from '../packet/index.ts';
import { ClientError } from './client-error.ts';
import { Fifo } from './fifo.ts';
import type { PacketIds } from './packet-ids.ts';

/** How the server answered a message. */
export interface PublishAcknowledgement {
  /** 0 for QoS 0, where nothing is answered. */
  readonly packetId: number;
  /** 0x80 and above: the server refused the message (MQTT 5.0). */
  readonly reasonCode: ReasonCode;
  readonly properties: ReasonProperties | undefined;
}

/** Called exactly once: with an error, or with the acknowledgement. */
export type PublishCallback = (
  error: ClientError | undefined,
  acknowledgement: PublishAcknowledgement | undefined,
) => void;

interface Outgoing {
  readonly packet: PublishPacket;
  readonly done: PublishCallback;
  /** QoS 2: PUBREC has come, the server owns the message. */
  isReleased: boolean;
}

export class OutboundFlow {
  readonly #ids: PacketIds;
  readonly #send: (packet: ClientPacket) => void;
  readonly #inflight = new Map<number, Outgoing>();
  #waiting = new Fifo<Outgoing>();
  #window = 0;

  /** `send` is only called between `connected` and `disconnected`; it throws a `ClientError`. */
  constructor(ids: PacketIds, send: (packet: ClientPacket) => void) {
    this.#ids = ids;
    this.#send = send;
  }

  /** Messages that wait for room among those on their way. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Messages that the server has not acknowledged, waiting ones included. */
  get unacknowledgedCount(): number {
    return this.#inflight.size + this.#waiting.length;
  }

  /** Takes a packet of any QoS, with packet identifier 0. */
  publish(packet: PublishPacket, done: PublishCallback): void {
    if (packet.qos > 0) {
      this.#waiting.push({ packet, done, isReleased: false });
      this.#fill();
    } else {
      this.#publishOnce(packet, done);
    }
  }

  /** A connection is up that takes `window` unacknowledged messages at a time. */
  connected(window: number, sessionPresent: boolean): void {
    this.#window = window;
    if (sessionPresent) this.#sendAgain();
    else this.#startOver();
    this.#fill();
  }

  disconnected(): void {
    this.#window = 0;
  }

  /** PUBACK, PUBREC or PUBCOMP of the server. */
  acknowledged(packet: AcknowledgementPacket): void {
    const { packetId } = packet;
    const outgoing = this.#inflight.get(packetId);
    const isKnown = outgoing !== undefined && isAnswerTo(outgoing, packet);
    if (packet.type === PacketType.pubrec && packet.reasonCode < 0x80) {
      if (isKnown) outgoing.isReleased = true;
      const isOwed = isKnown || (outgoing?.isReleased ?? false);
      this.#release(packetId, isOwed ? ReasonCode.success : ReasonCode.packetIdentifierNotFound);
    } else if (isKnown) {
      this.#inflight.delete(packetId);
      this.#ids.release(packetId);
      const { reasonCode, properties } = packet;
      outgoing.done(undefined, { packetId, reasonCode, properties });
      this.#fill();
    }
  }

  /** No connection will come any more. */
  fail(error: ClientError): void {
    const outgoing = [...this.#inflight.values(), ...this.#waiting];
    for (const packetId of this.#inflight.keys()) this.#ids.release(packetId);
    this.#inflight.clear();
    this.#waiting = new Fifo();
    for (const { done } of outgoing) done(error, undefined);
  }

  #publishOnce(packet: PublishPacket, done: PublishCallback): void {
    if (this.#window === 0) {
      const message = 'There is no connection, and a QoS 0 message is not kept.';
      done(new ClientError('not-connected', message), undefined);
      return;
    }
    try {
      this.#send(packet);
    } catch (error) {
      done(clientError(error), undefined);
      return;
    }
    done(undefined, { packetId: 0, reasonCode: ReasonCode.success, properties: undefined });
  }

  #fill(): void {
    while (this.#inflight.size < this.#window) {
      const outgoing = this.#waiting.shift();
      if (outgoing === undefined) return;
      this.#first(outgoing);
    }
  }

  #first(outgoing: Outgoing): void {
    const packetId = this.#ids.take();
    const packet = { ...outgoing.packet, packetId };
    this.#inflight.set(packetId, { ...outgoing, packet });
    try {
      this.#send(packet);
    } catch (error) {
      this.#inflight.delete(packetId);
      this.#ids.release(packetId);
      outgoing.done(clientError(error), undefined);
    }
  }

  #release(packetId: number, reasonCode: ReasonCode): void {
    this.#send({ type: PacketType.pubrel, packetId, reasonCode, properties: undefined });
  }

  /** The server kept the Session: [MQTT-4.4.0-1], with DUP set [MQTT-3.3.1-1]. */
  #sendAgain(): void {
    for (const [packetId, { packet, isReleased }] of this.#inflight) {
      if (isReleased) this.#release(packetId, ReasonCode.success);
      else this.#send({ ...packet, dup: true });
    }
  }

  /**
   * The server forgot the Session, and with it every Packet Identifier. Released messages were its own
   * already; the others are published as new ones, ahead of those that wait.
   */
  #startOver(): void {
    const waiting = new Fifo<Outgoing>();
    for (const [packetId, outgoing] of this.#inflight) {
      this.#ids.release(packetId);
      if (outgoing.isReleased) {
        const reasonCode = ReasonCode.success;
        outgoing.done(undefined, { packetId, reasonCode, properties: undefined });
      } else {
        waiting.push(outgoing);
      }
    }
    this.#inflight.clear();
    for (const outgoing of this.#waiting) waiting.push(outgoing);
    this.#waiting = waiting;
  }
}

/** Whether this acknowledgement is the next one due: PUBACK, or PUBREC and then PUBCOMP. */
function isAnswerTo(outgoing: Outgoing, packet: AcknowledgementPacket): boolean {
  if (outgoing.packet.qos === 1) return packet.type === PacketType.puback;
  return packet.type === (outgoing.isReleased ? PacketType.pubcomp : PacketType.pubrec);
}

function clientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  throw error;
}
