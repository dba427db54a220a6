/**
 * Packets for the tests, good and bad: bytes, the object they decode to or the Reason Code they are
 * refused with, and a sentence. One table for decoding, encoding, every cut of the stream, and fuzzing.
 */

import type { RefusedPacket, TestPacket } from './notation.test-kit.ts';
import { connackPackets, refusedConnacks } from './packets-connack.test-kit.ts';
import { connectPackets, refusedConnects } from './packets-connect.test-kit.ts';
import { controlPackets, refusedControls } from './packets-control.test-kit.ts';
import { refusedProperties } from './packets-properties.test-kit.ts';
import {
  acknowledgementPackets,
  publishPackets,
  refusedAcknowledgements,
  refusedPublishes,
} from './packets-publish.test-kit.ts';
import { refusedSubscribes, subscribePackets } from './packets-subscribe.test-kit.ts';

export { parseBytes, withoutUndefined } from './notation.test-kit.ts';
export type { RefusedPacket, TestPacket };

export const testPackets: readonly TestPacket[] = [
  ...connectPackets,
  ...connackPackets,
  ...publishPackets,
  ...acknowledgementPackets,
  ...subscribePackets,
  ...controlPackets,
];

export const refusedPackets: readonly RefusedPacket[] = [
  ...refusedConnects,
  ...refusedConnacks,
  ...refusedPublishes,
  ...refusedAcknowledgements,
  ...refusedSubscribes,
  ...refusedControls,
  ...refusedProperties,
];
