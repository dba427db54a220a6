/**
 * Hands messages to the broker in order, and holds lines back while the broker asks to wait (an
 * asynchronous hook, a remote broker that has not acknowledged). The port itself is never paused for that:
 * a paused port may not see an unplug, and the kernel drops bytes anyway. So lines wait here, a bounded
 * number of them, and the oldest go first when there are too many.
 */
import type { LocalClient, LocalPublish, PublishResult } from '../../broker/index.ts';

export interface WaitingLine {
  readonly bytes: Uint8Array;
  readonly receivedAtMs: number;
}

export interface PublishQueueHost {
  /** Turns a line into messages. */
  process(line: WaitingLine): readonly LocalPublish[];
  accepted(): void;
  /** The broker did not take a message. */
  refused(topicName: string, reason: string): void;
  /** The oldest waiting line was dropped. */
  dropped(): void;
}

const refusalCodeMin = 0x80;

export class PublishQueue {
  readonly #client: LocalClient;
  readonly #host: PublishQueueHost;
  readonly #linesMax: number;
  readonly #underWayMax: number;
  #lines: WaitingLine[] = [];
  /** Index of the oldest waiting line: dropping it must not move a million others. */
  #first = 0;
  #messages: LocalPublish[] = [];
  #underWay = 0;

  /** @param underWayMax publishes that may be unanswered at once; 1 keeps strict order for any client. */
  constructor(client: LocalClient, host: PublishQueueHost, linesMax: number, underWayMax: number) {
    this.#client = client;
    this.#host = host;
    this.#linesMax = linesMax;
    this.#underWayMax = underWayMax;
  }

  /** Lines that wait. */
  get length(): number {
    return this.#lines.length - this.#first;
  }

  /** @param bytes on loan: copied when the line has to wait. */
  push(bytes: Uint8Array, receivedAtMs: number): void {
    if (!this.#isWaiting && this.length === 0) {
      this.#send(this.#host.process({ bytes, receivedAtMs }));
      return;
    }
    this.#lines.push({ bytes: Uint8Array.from(bytes), receivedAtMs });
    if (this.length <= this.#linesMax) return;
    this.#first += 1;
    if (this.#first > this.#linesMax) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    this.#host.dropped();
  }

  /** A message besides those of lines, behind what already waits; dropped when too much does. */
  send(message: LocalPublish): void {
    if (this.#messages.length >= this.#linesMax) this.#host.dropped();
    else this.#send([message]);
  }

  get #isWaiting(): boolean {
    return this.#messages.length > 0 || this.#underWay >= this.#underWayMax;
  }

  #send(messages: readonly LocalPublish[]): void {
    for (const message of messages) {
      if (this.#isWaiting) this.#messages.push(message);
      else this.#publish(message);
    }
  }

  #publish(message: LocalPublish): void {
    let result: PublishResult | Promise<PublishResult>;
    try {
      result = this.#client.publish(message);
    } catch (error) {
      this.#host.refused(message.topicName, textOf(error));
      return;
    }
    if (!(result instanceof Promise)) {
      this.#answered(message.topicName, result);
      return;
    }
    this.#underWay += 1;
    result.then(
      (answer) => {
        this.#underWay -= 1;
        this.#answered(message.topicName, answer);
        this.#continue();
      },
      (error: unknown) => {
        this.#underWay -= 1;
        this.#host.refused(message.topicName, textOf(error));
        this.#continue();
      },
    );
  }

  #answered(topicName: string, { reasonCode, reasonString }: PublishResult): void {
    if (reasonCode < refusalCodeMin) this.#host.accepted();
    else {
      const code = `0x${reasonCode.toString(16).toUpperCase()}`;
      this.#host.refused(topicName, reasonString === undefined ? code : `${code}, ${reasonString}`);
    }
  }

  #continue(): void {
    while (this.#messages.length > 0 && this.#underWay < this.#underWayMax) {
      const message = this.#messages.shift();
      if (message !== undefined) this.#publish(message);
    }
    while (!this.#isWaiting && this.length > 0) {
      const line = this.#lines[this.#first];
      this.#first += 1;
      if (this.#first === this.#lines.length) {
        this.#lines = [];
        this.#first = 0;
      }
      if (line !== undefined) this.#send(this.#host.process(line));
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
