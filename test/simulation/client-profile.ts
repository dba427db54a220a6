import { MqttVersion, type QoS } from '../../src/packet/index.ts';
import type { Random } from './random.ts';

/** How one client behaves for the whole run. */
export interface ClientProfile {
  readonly version: MqttVersion;
  /** Leaves its Client Identifier to the broker; always with Clean Start then. */
  readonly isAnonymous: boolean;
  /** Seconds; what a 5.0 client asks for. 3.x clients have 0 or for ever. */
  readonly sessionExpiryInterval: number;
  /** Seconds, 0 = none. */
  readonly keepAlive: number;
  readonly receiveMaximum: number;
  /** Bytes, or undefined. */
  readonly maximumPacketSize: number | undefined;
  readonly topicAliasMaximum: number;
  /** How likely it answers a PUBLISH at once. */
  readonly promptness: number;
  readonly qosMax: QoS;
}

/** A Session Expiry Interval that never ends. */
export const forever = 0xffff_ffff;

export function randomProfile(random: Random): ClientProfile {
  const dice = random.next();
  const version = dice < 0.1 ? MqttVersion.v31 : dice < 0.4 ? MqttVersion.v311 : MqttVersion.v5;
  const isV5 = version === MqttVersion.v5;
  const isAnonymous = version !== MqttVersion.v31 && random.chance(0.05);
  const persistent = isV5 ? random.pick([5, 60, 3600, forever]) : forever;
  return {
    version,
    isAnonymous,
    sessionExpiryInterval: isAnonymous || random.chance(0.3) ? 0 : persistent,
    keepAlive: random.pick([0, 0, 10, 60, 300]),
    receiveMaximum: isV5 ? random.pick([1, 2, 5, 20, 65_535]) : 65_535,
    maximumPacketSize: isV5 && random.chance(0.15) ? random.pick([60, 120, 400]) : undefined,
    topicAliasMaximum: isV5 ? random.pick([0, 1, 3, 20]) : 0,
    promptness: random.pick([1, 1, 0.9, 0.3]),
    qosMax: random.pick([0, 1, 2, 2]),
  };
}
