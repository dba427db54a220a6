/** mosquitto_sub and mosquitto_pub: a process for each listener and each message. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { needs } from '../../src/cli/brokers.test-kit.ts';
import type { QoS } from '../../src/packet/index.ts';
import {
  type Access,
  type Content,
  Inbox,
  type Listening,
  type ListenOptions,
  type OutsideLibrary,
} from './outside-client.test-kit.ts';

const versionNames = { '3.1': 'mqttv31', '3.1.1': 'mqttv311', '5': 'mqttv5' } as const;

export const mosquittoClients: OutsideLibrary = {
  name: 'mosquitto',
  skip: needs('mosquitto_sub', 'mosquitto-clients') || needs('stdbuf', 'coreutils'),
  transports: ['tcp', 'tls', 'unix'],

  async listen(access: Access, options: ListenOptions): Promise<Listening> {
    const { topicFilter, qos, clientId, will } = options;
    const args = [...accessFlags(access), '-d', '-F', 'MESSAGE %q %r %x %t'];
    args.push('-t', topicFilter, '-q', String(qos));
    if (clientId !== undefined) args.push('-i', clientId, '-c');
    if (will !== undefined) {
      args.push('--will-topic', will.topicName, '--will-payload', will.payload.toString());
      args.push('--will-qos', String(will.qos), ...(will.retain ? ['--will-retain'] : []));
    }
    // Into a pipe it says only at its end that it is subscribed, unless somebody makes it write each line.
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    const inbox = await subscribed(child);
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      child.kill(signal);
      await closed;
    };
    return { inbox, end: () => end('SIGTERM'), drop: () => end('SIGKILL') };
  },

  async publish(access: Access, contents: readonly Content[]): Promise<void> {
    for (const { topicName, payload, qos, retain } of contents) {
      const args = [...accessFlags(access), '-t', topicName, '-q', String(qos)];
      args.push(...(retain ? ['-r'] : []), ...(payload.length === 0 ? ['-n'] : ['-s']));
      const child = spawn('mosquitto_pub', args, { stdio: ['pipe', 'ignore', 'pipe'] });
      let errors = '';
      child.stderr.on('data', (piece: Buffer) => {
        errors += piece.toString();
      });
      // With -n it does not read, and may be gone before we have closed the pipe; its exit code tells.
      child.stdin.on('error', () => undefined);
      child.stdin.end(payload);
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`mosquitto_pub ${args.join(' ')}: ${code} ${errors}`);
    }
  },
};

function accessFlags({ version, transport, path, port, caFile }: Access): string[] {
  const flags = ['-V', versionNames[version]];
  if (transport === 'unix') return [...flags, '--unix', path];
  flags.push('-h', 'localhost', '-p', String(port));
  return transport === 'tls' ? [...flags, '--cafile', caFile] : flags;
}

/** Resolves when the client says that it is subscribed; what it receives from then on is in the inbox. */
async function subscribed(child: ChildProcess): Promise<Inbox> {
  const inbox = new Inbox();
  const ready = Promise.withResolvers<Inbox>();
  let said = '';
  const lines = createInterface({ input: child.stdout as Readable });
  lines.on('line', (line) => {
    const [word, qos = '', retain = '', hex = '', ...levels] = line.split(' ');
    if (word === 'MESSAGE') {
      const payload = Buffer.from(hex, 'hex');
      const topicName = levels.join(' ');
      inbox.put({ topicName, payload, qos: Number(qos) as QoS, retain: retain === '1' });
      return;
    }
    said += `${line}\n`;
    if (word === 'Subscribed') ready.resolve(inbox);
  });
  child.stderr?.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  child.on('close', () => ready.reject(new Error(`mosquitto_sub ended: ${said}`)));
  return await ready.promise;
}
