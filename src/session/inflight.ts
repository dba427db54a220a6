import type { Delivery } from './delivery.ts';

export const Stage = { sent: 1, released: 2 } as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** A delivery of QoS 1 or 2 that is not acknowledged. */
export interface Inflight {
  readonly delivery: Delivery;
  readonly packetId: number;
  /** `sent`: PUBLISH went out; `released`: PUBREC came, PUBCOMP is awaited. */
  stage: Stage;
  order: number;
}
