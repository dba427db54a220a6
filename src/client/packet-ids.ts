import { ClientError } from './client-error.ts';

/** The Packet Identifiers this client has in use; publishes, subscribes and unsubscribes share them. */
export class PacketIds {
  readonly #used = new Set<number>();
  #last = 0;

  /**
   * An identifier that is not in use, 1 to 65,535.
   * @throws {ClientError} `invalid`, when all are in use.
   */
  take(): number {
    if (this.#used.size === 0xffff) {
      throw new ClientError(
        'invalid',
        'All 65,535 Packet Identifiers wait for an acknowledgement.',
      );
    }
    do {
      this.#last = this.#last === 0xffff ? 1 : this.#last + 1;
    } while (this.#used.has(this.#last));
    this.#used.add(this.#last);
    return this.#last;
  }

  release(packetId: number): void {
    this.#used.delete(packetId);
  }
}
