/**
 * The QoS 1 and 2 messages of one publisher that are not complete: their Packet Identifiers, how far each
 * is, and when it was due. Identifiers are given in turn, so one slot for each is enough.
 */
const free = 0;
/** Until PUBACK or PUBREC. */
const sent = 1;
/** From PUBREC until PUBCOMP. */
const released = 2;

export class PublishWindow {
  /** Messages that may be incomplete at a time. */
  readonly limit: number;
  #openCount = 0;
  readonly #slots: Uint8Array;
  readonly #timesMs: Float64Array;
  #next = 1;

  /** @param limit 1 to 65,535 */
  constructor(limit: number) {
    this.limit = limit;
    // More identifiers than messages: one that is acknowledged late does not hold up the others.
    const identifiers = Math.min(65_535, limit * 2);
    this.#slots = new Uint8Array(identifiers + 1);
    this.#timesMs = new Float64Array(identifiers + 1);
  }

  /** Messages that are not complete. */
  get openCount(): number {
    return this.#openCount;
  }

  /** A Packet Identifier for a new message, or 0 when there is none. */
  open(timeMs: number): number {
    const packetId = this.#next;
    if (this.#openCount >= this.limit || this.#slots[packetId] !== free) return 0;
    this.#slots[packetId] = sent;
    this.#timesMs[packetId] = timeMs;
    this.#openCount++;
    this.#next = packetId + 1 === this.#slots.length ? 1 : packetId + 1;
    return packetId;
  }

  timeOf(packetId: number): number {
    return this.#timesMs[packetId] ?? 0;
  }

  /** PUBREC came: false when nothing waited for it. */
  release(packetId: number): boolean {
    const state = this.#slots[packetId];
    if (state !== sent && state !== released) return false;
    this.#slots[packetId] = released;
    return true;
  }

  /** The last acknowledgement came: false when nothing waited for it. */
  complete(packetId: number, isReleased: boolean): boolean {
    if (this.#slots[packetId] !== (isReleased ? released : sent)) return false;
    this.#slots[packetId] = free;
    this.#openCount--;
    return true;
  }
}
