/**
 * The QoS 1 and 2 messages of one publisher that are not complete: their Packet Identifiers, how far each
 * is, and when it was due. Identifiers are given in turn, and those still in use are passed over.
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
    // Twice as many identifiers as messages: a free one is never far.
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
    if (this.#openCount >= this.limit) return 0;
    while (this.#slots[this.#next] !== free) this.#advance();
    const packetId = this.#next;
    this.#slots[packetId] = sent;
    this.#timesMs[packetId] = timeMs;
    this.#openCount++;
    this.#advance();
    return packetId;
  }

  #advance(): void {
    this.#next = this.#next + 1 === this.#slots.length ? 1 : this.#next + 1;
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
