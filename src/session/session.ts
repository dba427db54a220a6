import type { DisconnectPacket, MqttVersion, Will } from '../packet/index.ts';
import type { OutboundFlow } from './outbound-flow.ts';
import type { Replay } from './replay.ts';
import { Subscriptions } from './subscriptions.ts';

/** Replays that are asked at once and cannot finish. */
const replaysPerPump = 8;

/** A Session Expiry Interval that never ends, in milliseconds. */
export const neverExpires: number = Infinity;

/**
 * Session State (MQTT 5.0 §4.1): what outlives Network Connections. There is one object per Client
 * Identifier, ended in one place (the broker's session registry), so that no part of it can be forgotten.
 */
export class Session {
  readonly clientId: string;
  /** A short name for the store, never used twice. */
  readonly number: number;
  readonly outbound: OutboundFlow;
  /** Keyed by the Topic Filter as the client wrote it, `$share/…` included. */
  readonly subscriptions: Subscriptions = new Subscriptions();
  private unreleasedIds: Set<number> | undefined;
  /** Retained Messages on their way to new subscriptions, by the key of these. */
  private replays: Map<string, Replay> | undefined;
  /** From the last connection; what is sent to it is encoded for this version. */
  protocolVersion: MqttVersion;
  /** The verified user name of the last connection. */
  username: string | undefined;
  /** How long it lives after its connection ended; 0 = ends with it. */
  expiryIntervalMs = 0;
  /** When the last connection ended; undefined while one is there. */
  disconnectedAtMs: number | undefined;
  /** When it ends, while no connection is there. */
  expiresAtMs: number = neverExpires;
  will: Will | undefined;
  /** The store knows it and has to be told when it ends. */
  isRecorded = false;

  constructor(
    clientId: string,
    number: number,
    protocolVersion: MqttVersion,
    makeOutbound: (session: Session) => OutboundFlow,
  ) {
    this.clientId = clientId;
    this.number = number;
    this.protocolVersion = protocolVersion;
    this.outbound = makeOutbound(this);
  }

  /** QoS 2 Packet Identifiers received and not yet released [MQTT-4.3.3-10]. Made when first asked for. */
  get unreleased(): Set<number> {
    this.unreleasedIds ??= new Set();
    return this.unreleasedIds;
  }

  /** Retained Messages for a subscription, in place of those that it may still be getting. */
  startReplay(replay: Replay): void {
    this.replays ??= new Map();
    this.replays.delete(replay.key);
    this.replays.set(replay.key, replay);
  }

  /** No further Retained Messages for this subscription. */
  endReplay(key: string): void {
    this.replays?.delete(key);
  }

  /** The Session is over: it holds nothing that its client subscribed to or sent. */
  clear(): void {
    this.subscriptions.clear();
    this.unreleasedIds = undefined;
    this.replays = undefined;
  }

  /**
   * Lets Retained Messages flow as far as the client takes them. Of many that have to wait only a few are
   * asked each time, in turn, so that each acknowledgement costs the same however many there are.
   *
   * @returns whether some would go on in another turn
   */
  pumpReplays(nowMs: number): boolean {
    const { replays } = this;
    if (replays === undefined) return false;
    let goesOn = false;
    let left = Math.min(replays.size, replaysPerPump);
    for (const replay of replays.values()) {
      if (left === 0) break;
      const state = replay.pump(nowMs);
      replays.delete(replay.key);
      if (state === 'finished') continue;
      replays.set(replay.key, replay);
      if (state === 'again') goesOn = true;
      left--;
    }
    if (replays.size === 0 && this.replays === replays) this.replays = undefined;
    return goesOn;
  }

  /** It outlives its connection, so its changes go to the store. */
  get isPersistent(): boolean {
    return this.expiryIntervalMs > 0;
  }
}

/** Milliseconds of a Session Expiry Interval in seconds; 0xFFFFFFFF never expires [MQTT-3.1.2-23]. */
export function expiryIntervalMs(seconds: number): number {
  return seconds === 0xffff_ffff ? neverExpires : seconds * 1000;
}

/** Whether this DISCONNECT keeps the Will Message from being published [MQTT-3.14.4-3]. */
export function discardsWill(packet: DisconnectPacket): boolean {
  return packet.reasonCode === 0x00;
}
