/** Paho Python as Debian ships it: one Python process hosts all its clients. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { QoS } from '../../src/packet/index.ts';
import {
  type Access,
  type Content,
  Inbox,
  type Listening,
  type ListenOptions,
  type OutsideLibrary,
} from './outside-client.test-kit.ts';

/** Debian's own: the package is not visible to other Pythons. */
const python = '/usr/bin/python3';
const script = join(import.meta.dirname, 'paho-client.py');

/** A line of the script: the answer to the command `id`, or a message for `listener`. */
interface Line {
  readonly id?: number;
  readonly error?: string;
  readonly listener?: number;
  readonly topicName?: string;
  readonly payload?: string;
  readonly qos?: QoS;
  readonly retain?: boolean;
}

function missing(): string | false {
  const { status } = spawnSync(python, ['-c', 'import paho.mqtt.client'], { stdio: 'ignore' });
  return status === 0 ? false : 'needs Paho Python (apt install python3-paho-mqtt)';
}

export class PahoLibrary implements OutsideLibrary, AsyncDisposable {
  readonly name = 'Paho Python';
  readonly skip: string | false = missing();
  readonly transports = ['tcp', 'tls', 'ws', 'wss'] as const;
  readonly #inboxes = new Map<number, Inbox>();
  readonly #answers = new Map<number, PromiseWithResolvers<void>>();
  #process: ChildProcess | undefined;
  #errors = '';
  #lastId = 0;

  async listen(access: Access, options: ListenOptions): Promise<Listening> {
    const { topicFilter, qos, will, clientId } = options;
    const inbox = new Inbox();
    const listener = await this.#ask(
      {
        op: 'listen',
        ...access,
        topicFilter,
        qos,
        clientId: clientId ?? this.#clientId(),
        persistent: clientId !== undefined,
        will: will === undefined ? undefined : encoded(will),
      },
      inbox,
    );
    const leave = async (op: 'end' | 'drop'): Promise<void> => {
      await this.#ask({ op, listener });
    };
    return { inbox, end: () => leave('end'), drop: () => leave('drop') };
  }

  async publish(access: Access, contents: readonly Content[]): Promise<void> {
    const command = { op: 'publish', ...access, clientId: this.#clientId() };
    await this.#ask({ ...command, contents: contents.map(encoded) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const closed = once(child, 'close');
    child.kill();
    await closed;
  }

  #clientId(): string {
    return `paho-${this.#lastId + 1}`;
  }

  /** @returns the number of the command, which also names a listener. */
  async #ask(command: object, inbox?: Inbox): Promise<number> {
    this.#process ??= this.#start();
    const id = ++this.#lastId;
    if (inbox !== undefined) this.#inboxes.set(id, inbox);
    const answer = Promise.withResolvers<void>();
    this.#answers.set(id, answer);
    (this.#process.stdin as Writable).write(`${JSON.stringify({ id, ...command })}\n`);
    await answer.promise;
    return id;
  }

  #start(): ChildProcess {
    const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.on('data', (piece: Buffer) => {
      this.#errors += piece.toString();
    });
    const lines = createInterface({ input: child.stdout as Readable });
    lines.on('line', (line) => this.#told(JSON.parse(line) as Line));
    lines.on('close', () => {
      const error = new Error(`the Paho process ended: ${this.#errors}`);
      for (const answer of this.#answers.values()) answer.reject(error);
    });
    return child;
  }

  #told(line: Line): void {
    if (line.listener !== undefined) {
      const { topicName = '', payload = '', qos = 0, retain = false } = line;
      const content = { topicName, payload: Buffer.from(payload, 'base64'), qos, retain };
      this.#inboxes.get(line.listener)?.put(content);
      return;
    }
    const answer = this.#answers.get(line.id ?? 0);
    this.#answers.delete(line.id ?? 0);
    if (line.error === undefined) answer?.resolve();
    else answer?.reject(new Error(`Paho: ${line.error}\n${this.#errors}`));
  }
}

function encoded(content: Content): object {
  return { ...content, payload: content.payload.toString('base64') };
}
