/**
 * Packets for the tests, good and bad: bytes, the object they decode to or the Reason Code they are
 * refused with, and a sentence. One table for decoding, encoding, every cut of the stream, and fuzzing.
 */

import type { RefusedPacket, TestPacket } from './test-notation.ts';
import { connackPackets, refusedConnacks } from './test-packets-connack.ts';
import { connectPackets, refusedConnects } from './test-packets-connect.ts';
import { controlPackets, refusedControls } from './test-packets-control.ts';
import { refusedProperties } from './test-packets-properties.ts';
import {
  acknowledgementPackets,
  publishPackets,
  refusedAcknowledgements,
  refusedPublishes,
} from './test-packets-publish.ts';
import { refusedSubscribes, subscribePackets } from './test-packets-subscribe.ts';

export { parseBytes, withoutUndefined } from './test-notation.ts';
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
