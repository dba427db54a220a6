/**
 * The broker's counters: the one source of `$SYS`, the statistics object and every later exporter.
 * Plain numbers that only grow; gauges are asked from the broker when needed.
 */
export class Counters {
  /** Every Control Packet. */
  packetsReceived = 0;
  packetsSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  publishReceived = 0;
  publishSent = 0;
  publishBytesReceived = 0;
  publishBytesSent = 0;
  /** Copies that went no further, all causes; by cause below. */
  publishDropped = 0;
  readonly droppedByCause: Record<string, number> = {};
  connectionsAccepted = 0;
  connectionsRefused = 0;
  readonly refusedByCause: Record<string, number> = {};
  disconnects = 0;
  sessionsExpired = 0;
  protocolErrors = 0;
  /** PUBLISH packets above our Receive Maximum on listeners that only warn. */
  receiveMaximumExceeded = 0;
}

/** What exists right now. */
export interface Gauges {
  readonly clientsConnected: number;
  readonly clientsMaximum: number;
  /** Sessions, connected or not. */
  readonly sessions: number;
  readonly sessionsDisconnected: number;
  readonly subscriptions: number;
  readonly sharedSubscriptions: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly inflightMessages: number;
  /** Topic Names the broker knows: with a Retained Message or an exact subscription. */
  readonly topics: number;
}

/** What is held inside besides what `Gauges` counts: for tests that nothing is left behind. */
export interface Residue {
  readonly connections: number;
  readonly timers: number;
  /** Different Topic Filters in the router's tree. */
  readonly topicFilters: number;
  readonly shareGroups: number;
  readonly waitingWills: number;
  readonly inflightBytes: number;
}
