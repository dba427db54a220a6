/**
 * What the listener tests stand on: a host that records what it is told, options for each transport, and a
 * way to wait for facts instead of for time.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { TLSSocket } from 'node:tls';
import type { Link, LinkHandler } from '../broker/index.ts';
import type { ListenerHost } from './acceptor.ts';
import type { ListenerLog, LogFields, LogLevel } from './folded-log.ts';
import type { Listener } from './listener.ts';
import {
  type ListenerOptions,
  type ListenerSettingsInput,
  listenerOptionsSchema,
  resolveListenerOptions,
} from './options.ts';
import { startListener } from './start-listeners.ts';

/** Taken before a test can put its own clock in their place. */
const realTimers = { setTimeout, clearTimeout };
const patienceMs = 10_000;

/** Lets tests wait until something is true; whoever changes something calls `changed`. */
export class Facts {
  readonly #waiting = new Set<() => void>();

  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  until(what: string, isTrue: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (!isTrue()) return;
      realTimers.clearTimeout(timer);
      this.#waiting.delete(look);
      resolve();
    };
    const timer = realTimers.setTimeout(() => {
      this.#waiting.delete(look);
      reject(new Error(`waited in vain until ${what}`));
    }, patienceMs);
    this.#waiting.add(look);
    look();
    return promise;
  }
}

export class RecordedLink implements LinkHandler {
  readonly link: Link;
  readonly #facts: Facts;
  readonly #chunks: Buffer[] = [];
  receivedBytes = 0;
  drainedCount = 0;
  closedCount = 0;
  closedError: Error | undefined;
  /** Called with each chunk; a test may act inside the call, as a broker does. */
  onReceived: (chunk: Uint8Array) => void = () => {};

  constructor(link: Link, facts: Facts) {
    this.link = link;
    this.#facts = facts;
  }

  received(chunk: Uint8Array): void {
    if (this.closedCount > 0) throw new Error('received after closed');
    this.#chunks.push(Buffer.from(chunk));
    this.receivedBytes += chunk.length;
    this.onReceived(chunk);
    this.#facts.changed();
  }

  drained(): void {
    this.drainedCount += 1;
    this.#facts.changed();
  }

  closed(error?: Error): void {
    this.closedCount += 1;
    this.closedError = error;
    this.#facts.changed();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  untilReceived(text: string): Promise<void> {
    return this.#facts.until(`"${text}" is received`, () => this.text.includes(text));
  }

  untilReceivedBytes(count: number): Promise<void> {
    return this.#facts.until(`${count} bytes are received`, () => this.receivedBytes >= count);
  }

  untilDrained(): Promise<void> {
    return this.#facts.until('the link drained', () => this.drainedCount > 0);
  }

  untilClosed(): Promise<void> {
    return this.#facts.until('the link is closed', () => this.closedCount > 0);
  }
}

export interface LoggedLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

export class RecordingHost implements ListenerHost {
  readonly facts: Facts = new Facts();
  readonly links: RecordedLink[] = [];
  readonly lines: LoggedLine[] = [];
  /** Called for each new link, before its handler is returned; false refuses it. */
  onConnect: (recorded: RecordedLink) => boolean = () => true;

  connect(link: Link): LinkHandler | undefined {
    const recorded = new RecordedLink(link, this.facts);
    if (!this.onConnect(recorded)) return undefined;
    this.links.push(recorded);
    this.facts.changed();
    return recorded;
  }

  readonly log: ListenerLog = (level, event, fields) => {
    this.lines.push({ level, event, fields });
    this.facts.changed();
  };

  async untilLink(index: number = 0): Promise<RecordedLink> {
    await this.facts.until(`link ${index} is there`, () => this.links[index] !== undefined);
    return this.links[index]!;
  }

  async untilLogged(event: string): Promise<LoggedLine> {
    await this.facts.until(`${event} is logged`, () =>
      this.lines.some((line) => line.event === event),
    );
    return this.lines.find((line) => line.event === event)!;
  }
}

/** A host that sends everything back. */
export function echoHost(): RecordingHost {
  const host = new RecordingHost();
  host.onConnect = (recorded) => {
    recorded.onReceived = (chunk) => recorded.link.write(chunk.slice());
    return true;
  };
  return host;
}

export function optionsOf(settings: ListenerSettingsInput): ListenerOptions {
  return resolveListenerOptions('test', listenerOptionsSchema.parse(settings));
}

type CleanUp = () => unknown;
const cleanUps = new WeakMap<object, CleanUp[]>();

/** Runs when the test is over, last come first served: clients go before the listener that they use. */
export function afterwards(t: Pick<TestContext, 'after'>, cleanUp: CleanUp): void {
  const list = cleanUps.get(t) ?? [];
  list.unshift(cleanUp);
  if (cleanUps.has(t)) return;
  cleanUps.set(t, list);
  t.after(async () => {
    for (const run of list) await run();
  });
}

/** Opens a listener that is closed when the test is over. */
export async function listen(
  t: TestContext,
  host: ListenerHost,
  settings: Partial<ListenerSettingsInput> = {},
): Promise<Listener> {
  const options = optionsOf({ type: 'tcp', bind: '127.0.0.1:0', ...settings });
  const listener = await startListener(options, host);
  afterwards(t, () => listener.close());
  return listener;
}

export function portOf(listener: Listener): number {
  const { port } = listener.address;
  if (port === undefined) throw new Error(`${listener.name} has no port`);
  return port;
}

/** A client's side of a stream, with what came and what became of it. */
export class Peer {
  readonly socket: Socket;
  readonly facts: Facts = new Facts();
  readonly #chunks: Buffer[] = [];
  receivedBytes = 0;
  isConnected = false;
  hasEnded = false;
  hasClosed = false;
  error: NodeJS.ErrnoException | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket
      .on('data', (chunk: Buffer) => {
        this.#chunks.push(chunk);
        this.receivedBytes += chunk.length;
        this.facts.changed();
      })
      .on('error', (error) => {
        this.error = error;
      })
      .on(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
        this.isConnected = true;
        this.facts.changed();
      })
      .on('end', () => {
        this.hasEnded = true;
        this.facts.changed();
      })
      .on('close', () => {
        this.hasClosed = true;
        this.facts.changed();
      });
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  untilConnected(): Promise<void> {
    return this.facts.until('the client is connected', () => this.isConnected);
  }

  untilReceived(text: string): Promise<void> {
    return this.facts.until(`the client got "${text}"`, () => this.text.includes(text));
  }

  untilReceivedBytes(count: number): Promise<void> {
    return this.facts.until(`the client got ${count} bytes`, () => this.receivedBytes >= count);
  }

  untilEnded(): Promise<void> {
    return this.facts.until('the server ended', () => this.hasEnded);
  }

  untilClosed(): Promise<void> {
    return this.facts.until('the client is closed', () => this.hasClosed);
  }
}

/** A TCP client of `listener`, destroyed at the end of the test. */
export function dial(t: TestContext, listener: Listener): Peer {
  const { path, port, host } = listener.address;
  const peer = new Peer(path === undefined ? connect({ port, host }) : connect(path));
  afterwards(t, () => peer.socket.destroy());
  return peer;
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-'));
  afterwards(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** False, or why a test that needs `openssl` is skipped. */
export const needsOpenssl: false | string = hasOpenssl()
  ? false
  : 'needs openssl (apt install openssl)';

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // Not installed: the tests that need it say so.
  }
}

/** Certificates in one folder, `<name>.crt` and `<name>.key`, all made by `openssl`. */
export class CertificateMaker {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  /** An authority of its own. */
  authority(name: string): void {
    this.#run(`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30
      -subj /CN=${name} -keyout ${name}.key -out ${name}.crt`);
  }

  /** A certificate for localhost and its addresses, signed by `authority`. */
  issue(name: string, authority: string, days: number = 30): void {
    this.#run(`req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes
      -subj /CN=${name}/O=linnet -addext subjectAltName=DNS:localhost,IP:127.0.0.1
      -keyout ${name}.key -out ${name}.csr`);
    this.#run(`x509 -req -in ${name}.csr -CA ${authority}.crt -CAkey ${authority}.key -CAcreateserial
      -copy_extensions copy -days ${days} -out ${name}.crt`);
  }

  encryptKey(name: string, encrypted: string): void {
    this.#run(`pkcs8 -topk8 -in ${name}.key -out ${encrypted}.key -passout pass:secret`);
  }

  #run(words: string): void {
    execFileSync('openssl', words.trim().split(/\s+/), { cwd: this.folder, stdio: 'pipe' });
  }
}
