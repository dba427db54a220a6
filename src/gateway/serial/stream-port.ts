/** An open port on top of a Node stream: terminals of the `stty` driver, sockets of the network drivers. */
import type { Socket } from 'node:net';
import type { DriverName } from './options.ts';
import type { OpenPort, PortEvents } from './port-driver.ts';

export class StreamPort implements OpenPort {
  readonly driver: DriverName;
  readonly #stream: Socket;
  readonly #released: Promise<void>;
  #isClosing = false;

  /**
   * @param stream open; read from now on. Chunks are given to `events.data`.
   * @param release frees what the stream does not own; called once, after the stream has closed.
   */
  constructor(
    driver: DriverName,
    stream: Socket,
    events: PortEvents,
    release: () => Promise<void> = async () => undefined,
  ) {
    this.driver = driver;
    this.#stream = stream;
    let cause = new Error('the device hung up');
    stream.on('error', (error) => {
      cause = error;
    });
    this.#released = new Promise((resolve) => {
      stream.once('close', () => {
        const isOurs = this.#isClosing;
        this.#isClosing = true;
        const report = (error?: unknown): void => {
          if (error !== undefined) cause.cause ??= error;
          resolve();
          if (!isOurs) events.closed(cause);
        };
        release().then(() => report(), report);
      });
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.#isClosing) events.data(chunk);
    });
  }

  get isOpen(): boolean {
    return !this.#isClosing && !this.#stream.destroyed;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const closed = (): void => reject(new Error('the port is closed'));
      if (!this.isOpen) {
        closed();
        return;
      }
      this.#stream.once('close', closed);
      this.#stream.write(bytes, (error) => {
        this.#stream.off('close', closed);
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#stream.destroy();
    return this.#released;
  }
}
