/** The brokers that `pub` and `sub` are tested against: our own, and mosquitto where it is installed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createBroker } from '../create-broker.ts';

export interface BrokerUnderTest extends AsyncDisposable {
  readonly port: number;
}

export interface BrokerKind {
  readonly name: string;
  /** false, or why tests with it are skipped. */
  readonly skip: string | false;
  readonly start: () => Promise<BrokerUnderTest>;
}

/** Where a program is, if anywhere; Debian keeps brokers outside the users' PATH. */
export function programPath(name: string): string | undefined {
  const directories = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
  ];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** For a test's `skip`: false, or what to install. */
export function needs(name: string, packageName: string): string | false {
  return programPath(name) === undefined ? `needs ${name} (apt install ${packageName})` : false;
}

export const brokerKinds: readonly BrokerKind[] = [
  {
    name: 'linnet',
    skip: false,
    start: () => startLinnet(),
  },
  {
    name: 'mosquitto',
    skip: needs('mosquitto', 'mosquitto'),
    start: () => startMosquitto(),
  },
];

/** Our own broker, on TCP and WebSocket. */
export async function startLinnet(): Promise<BrokerUnderTest & { readonly webSocketPort: number }> {
  const local = { host: '127.0.0.1', port: 0 };
  const broker = await createBroker({ mqtt: local, websocket: local });
  const portOf = (scheme: string): number => {
    const url = broker.urls.find((text) => text.startsWith(scheme));
    return Number(new URL(url ?? '').port);
  };
  return {
    port: portOf('mqtt://'),
    webSocketPort: portOf('ws://'),
    [Symbol.asyncDispose]: () => broker.stop(),
  };
}

/** Files and ports a configuration can name. */
export interface MosquittoSurroundings {
  readonly directory: string;
  /** Ports that were free a moment ago. */
  readonly ports: readonly [number, number, number];
}

/** mosquitto in a directory of its own; `more` adds listeners to its configuration. */
export async function startMosquitto(
  more: (surroundings: MosquittoSurroundings) => string = () => '',
): Promise<BrokerUnderTest & MosquittoSurroundings> {
  const directory = await mkdtemp(join(tmpdir(), 'linnet-mosquitto-'));
  const [port, ...ports] = await freePorts();
  const surroundings: MosquittoSurroundings = { directory, ports };
  const configuration = join(directory, 'mosquitto.conf');
  await writeFile(
    configuration,
    `allow_anonymous true\nuser root\nlistener ${port} 127.0.0.1\n${more(surroundings)}`,
  );
  const program = programPath('mosquitto') ?? 'mosquitto';
  const child = spawn(program, ['-c', configuration, '-v'], { stdio: ['ignore', 'pipe', 'pipe'] });
  // Also when a test hangs and the process is ended around it.
  const kill = (): void => {
    child.kill();
  };
  process.once('exit', kill);
  await running(child);
  return {
    ...surroundings,
    port,
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      child.kill();
      await once(child, 'close');
      await rm(directory, { recursive: true });
    },
  };
}

/** A certificate authority, and a key and certificate for localhost and 127.0.0.1 signed by it. */
export function makeCertificates(directory: string): void {
  const run = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test-ca');
  const names = ['-addext', 'subjectAltName=DNS:localhost'];
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-x509', '-days', '2'];
  for (const name of ['server', 'client']) {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`];
    run('req', ...key, ...files, ...names, ...signed);
  }
}

async function running(child: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (/mosquitto version \S+ running/.test(output)) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`mosquitto ended: ${output}`)));
  });
}

/** Held open together, so that they differ; free again when this resolves. */
async function freePorts(): Promise<readonly [number, number, number, number]> {
  const servers = [0, 1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [a = 0, b = 0, c = 0, d = 0] = servers.map(
    (server) => (server.address() as AddressInfo).port,
  );
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [a, b, c, d];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
