/** The broker with a listener of every transport, and the libraries of others that talk to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, needs } from '../../src/cli/brokers.test-kit.ts';
import { type ServerProcess, startServer } from '../server.test-kit.ts';
import { mosquittoClients } from './mosquitto.test-kit.ts';
import { mqttJs } from './mqttjs.test-kit.ts';
import {
  type Access,
  type Content,
  type Listening,
  type ListenOptions,
  type OutsideLibrary,
  type Transport,
  transports,
  type Version,
  versions,
} from './outside-client.test-kit.ts';
import { PahoLibrary } from './paho.test-kit.ts';

const configuration = (directory: string): string => `
listeners:
  tcp:  { type: tcp, bind: 127.0.0.1:0 }
  tls:  { type: tls, bind: 127.0.0.1:0, cert_file: ${directory}/server.crt, key_file: ${directory}/server.key }
  ws:   { type: ws, bind: 127.0.0.1:0 }
  wss:  { type: wss, bind: 127.0.0.1:0, cert_file: ${directory}/server.crt, key_file: ${directory}/server.key }
  unix: { type: unix, bind: ${directory}/mqtt.sock }
limits: { max_queued: 1000 }
`;

const paho = new PahoLibrary();

export const outsideLibraries: readonly OutsideLibrary[] = [mosquittoClients, paho, mqttJs];

export const needsCertificates: string | false = needs('openssl', 'openssl');

/** One way for one library to be connected. */
export interface Way {
  readonly library: OutsideLibrary;
  readonly version: Version;
  readonly transport: Transport;
  readonly name: string;
  /** false, or why it cannot be used here. */
  readonly skip: string | false;
}

/** Enough of a Way to be connected. */
export type Connected = Pick<Way, 'library' | 'version' | 'transport'>;

export class EveryTransport implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly #directory: string;
  readonly #listening = new Set<Listening>();

  static async start(): Promise<EveryTransport> {
    const directory = await mkdtemp(join(tmpdir(), 'linnet-interop-'));
    makeCertificates(directory);
    const files = { 'linnet.yaml': configuration(directory) };
    return new EveryTransport(await startServer({ args: ['--ephemeral'], files }), directory);
  }

  constructor(server: ServerProcess, directory: string) {
    this.server = server;
    this.#directory = directory;
  }

  access({ version, transport }: Connected): Access {
    return {
      version,
      transport,
      path: join(this.#directory, 'mqtt.sock'),
      port: transport === 'unix' ? 0 : this.server.port(transport),
      caFile: join(this.#directory, 'ca.crt'),
    };
  }

  /** What still listens at the end is ended then. */
  async listen(way: Connected, options: ListenOptions): Promise<Listening> {
    const listening = await way.library.listen(this.access(way), options);
    this.#listening.add(listening);
    const leave = async (how: 'end' | 'drop'): Promise<void> => {
      this.#listening.delete(listening);
      await listening[how]();
    };
    return { inbox: listening.inbox, end: () => leave('end'), drop: () => leave('drop') };
  }

  async publish(way: Connected, ...contents: readonly Content[]): Promise<void> {
    await way.library.publish(this.access(way), contents);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const listening of this.#listening) await listening.end();
    } finally {
      await paho[Symbol.asyncDispose]();
      await this.server[Symbol.asyncDispose]();
      await rm(this.#directory, { recursive: true });
    }
  }
}

/** Every version over every transport that the library has. */
export function waysOf(library: OutsideLibrary): Way[] {
  return versions.flatMap((version) =>
    transports
      .filter((transport) => library.transports.includes(transport))
      .map((transport) => {
        const name = `${library.name} with ${version} over ${transport}`;
        return { library, version, transport, name, skip: needsCertificates || library.skip };
      }),
  );
}
