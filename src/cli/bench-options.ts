/** The options of `linnet bench`, as commander hands them over. */
import type { Command } from 'commander';
import type { MqttVersion, QoS } from '../packet/index.ts';
import type { LoadKind } from '../workload/index.ts';
import { count, duration, qosValue, rate, size, version } from './bench-values.ts';

/** What was given; a kind has only those that make sense for it. */
export interface BenchOptions {
  readonly host?: string;
  readonly port?: number;
  readonly url?: string;
  readonly username?: string;
  readonly pw?: string;
  readonly protocolVersion: MqttVersion;
  readonly cafile?: string;
  readonly insecure?: boolean;
  readonly ws?: boolean;
  readonly keepalive: number;
  readonly clients: number;
  readonly pubs?: number;
  readonly rate?: number;
  readonly size?: number;
  readonly qos?: QoS;
  readonly window?: number;
  readonly topic?: string;
  readonly prefix?: string;
  readonly for: number;
  readonly warmup?: number;
  readonly inProgress?: number;
  readonly spin?: boolean;
  readonly workers: number;
  readonly pid?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly quiet?: boolean;
}

const clientsMax = 1_000_000;

interface KindRow {
  readonly summary: string;
  readonly clients: string;
  readonly clientCount: number;
  readonly forMs: number;
}

export const benchKinds: Readonly<Record<LoadKind, KindRow>> = {
  pub: {
    summary: 'Publishers alone; at QoS 1 and 2 the latency is that of the acknowledgement.',
    clients: 'Publishers.',
    clientCount: 10,
    forMs: 10_000,
  },
  sub: {
    summary: 'Subscribers to what others publish, for example linnet bench pub.',
    clients: 'Subscribers, each to the same filter.',
    clientCount: 1,
    forMs: 10_000,
  },
  conn: {
    summary: 'Opens connections and holds them; the latency is from connect to CONNACK.',
    clients: 'Connections.',
    clientCount: 1000,
    forMs: 1000,
  },
  e2e: {
    summary: 'Pairs: publisher i to subscriber i; the latency is from one to the other.',
    clients: 'Pairs of a publisher and a subscriber.',
    clientCount: 10,
    forMs: 10_000,
  },
  fanout: {
    summary: 'One publisher to many subscribers.',
    clients: 'Subscribers.',
    clientCount: 100,
    forMs: 10_000,
  },
};

/** Adds the options that this kind has. */
export function addBenchOptions(command: Command, kind: LoadKind): Command {
  const { clients, clientCount } = benchKinds[kind];
  // -h is the host, as in the other commands that speak MQTT.
  command
    .helpOption('--help', 'Show this help.')
    .showHelpAfterError(`       linnet bench ${kind} --help shows what there is`)
    .allowExcessArguments(false);
  command.option('--clients <N>', clients, count(1, clientsMax), clientCount);
  if (kind === 'fanout') command.option('--pubs <N>', 'Publishers.', count(1, clientsMax), 1);
  addLoad(command, kind);
  addTime(command, kind);
  addTarget(command);
  return command
    .option('--workers <N>', 'Threads that the clients are spread over.', count(1, 256), 1)
    .option(
      '--in-progress <N>',
      'Handshakes at a time. Default: 64; over a Unix socket 8.',
      count(1, clientsMax),
    )
    .option('--pid <PID>', 'Watch CPU and memory of this process, the broker.', count(1, 2 ** 31))
    .option('--json', 'The summary as one JSON object.')
    .option('--csv', 'The summary as a line of names and a line of values.')
    .option('--quiet', 'No progress.');
}

function addLoad(command: Command, kind: LoadKind): void {
  if (kind === 'conn') {
    command.option('--rate <N>', 'Connections a second. Default: as handshakes end.', rate, 0);
    return;
  }
  command.option('-q, --qos <QOS>', 'Quality of service, 0, 1 or 2.', qosValue, 0);
  if (kind !== 'sub') {
    command
      .option(
        '--rate <N>',
        'Messages a second, all publishers. Default: as windows allow.',
        rate,
        0,
      )
      .option('-s, --size <BYTES>', 'Payload, at least 16 bytes.', size, 256)
      .option('--window <N>', 'Messages under way of one publisher.', count(1, 65_535));
  }
  const topics: Partial<Record<LoadKind, string>> = {
    sub: 'Topic filter. Default: PREFIX/#.',
    fanout: 'Topic. Default: PREFIX/RUN/all.',
    pub: 'Topic; %i is the number of the publisher. Default: PREFIX/%i.',
    e2e: 'Topic; %i is the number of the pair. Default: PREFIX/RUN/%i.',
  };
  command
    .option('-t, --topic <TOPIC>', topics[kind])
    .option('--prefix <PREFIX>', 'Of the default topics.', 'linnet-bench');
}

function addTime(command: Command, kind: LoadKind): void {
  const { forMs } = benchKinds[kind];
  const length = kind === 'conn' ? 'How long to hold the connections' : 'How long to measure';
  command.option(
    '--for <TIME>',
    `${length}; 0: until Ctrl-C. Default: ${forMs / 1000}s.`,
    duration,
  );
  command.setOptionValue('for', forMs);
  if (kind !== 'conn') {
    const usual = kind === 'sub' ? '1s' : '1s; with --rate 5s';
    const what = `What is not measured at the start. Default: ${usual}.`;
    command.option('--warmup <TIME>', what, duration);
  }
  if (kind === 'sub') return;
  command.option(
    '--no-spin',
    'With --rate: wait with timers, 1 ms coarse, and leave the core alone.',
  );
}

function addTarget(command: Command): void {
  command
    .option('-h, --host <HOST>', 'Host. Default: localhost.')
    .option('-p, --port <PORT>', 'Port. Default: 1883; with TLS 8883, with --ws 9001.', port)
    .option('--url <URL>', 'mqtt://, mqtts://, ws://, wss://HOST[:PORT] or unix:/PATH.')
    .option('-u, --username <NAME>', 'User name.')
    .option('-P, --pw <PASSWORD>', 'Password.')
    .option('-V, --protocol-version <VERSION>', '5, 311 or 31. Default: 311.', version)
    .option('--cafile <FILE>', 'Certificate authorities to trust, PEM; turns TLS on.')
    .option('--insecure', "Do not compare the certificate with the server's name.")
    .option('--ws', 'Connect with WebSocket.')
    .option('-k, --keepalive <SECONDS>', 'Keep alive.', count(0, 65_535), 60)
    .setOptionValue('protocolVersion', 4);
}

const port = count(1, 65_535);
