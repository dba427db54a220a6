import type { LocalClient, Message } from '../../src/broker/index.ts';
import { QoS } from '../../src/packet/index.ts';
import type { ModelState } from './model-state.ts';
import type { Publication } from './publication.ts';

export const localClientId = 'in-process';

/**
 * A client inside the process: it subscribes to everything and must get every message once, in the order
 * in which they were published, and what it publishes is published once.
 */
export class LocalWatch {
  private readonly client: LocalClient;
  private readonly state: ModelState;
  private readonly expected: Message[] = [];
  private readonly published: Publication[] = [];

  constructor(client: LocalClient, state: ModelState) {
    this.client = client;
    this.state = state;
  }

  async subscribe(): Promise<void> {
    await this.client.subscribe('#', (message) => this.received(message), { qos: QoS.exactlyOnce });
  }

  /** Something was published. @returns whether it is for this client. */
  expect(message: Message): boolean {
    if (message.topicName.startsWith('$')) return false; // [MQTT-4.7.2-1]
    this.expected.push(message);
    return true;
  }

  publish(publication: Publication): void {
    this.published.push(publication);
    const { topicName, payload, qos, retain, properties } = publication;
    // A late answer is of no interest: what it says is told as a fact as well.
    void this.client.publish({ topicName, payload, qos, retain, properties });
  }

  /** When nothing is under way. */
  checkComplete(): void {
    const [message] = this.expected;
    if (message !== undefined) this.fail(`never got what was published on ${message.topicName}`);
    const lost = this.published.find(({ isDenied, publishedCount }) => {
      return publishedCount !== (isDenied ? 0 : 1);
    });
    if (lost !== undefined) {
      this.fail(`published #${lost.id} once, the broker ${lost.publishedCount} times`);
    }
  }

  close(): void {
    this.client.close();
    this.state.local = undefined;
  }

  private received(message: Message): void {
    const next = this.expected.shift();
    if (next !== message) {
      this.fail(`got a message on ${message.topicName}, next was one on ${next?.topicName}`);
    }
  }

  private fail(text: string): never {
    this.state.rules.fail(`the client inside the process ${text}`);
  }
}
