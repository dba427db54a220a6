/** `linnet serial list | simulate | doctor | forward`: the arguments of what `serial.ts` does. */
import { RemoteLocalClient } from '../client/index.ts';
import { serialFlagPath } from '../config/index.ts';
import { newCommand, parseCommandAsync } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { serialDoctor, serialForward, serialList, serialSimulate } from './serial.ts';
import { loadOrExplain, printError } from './start.ts';

interface ForwardOptions {
  readonly to: string;
  readonly config?: string;
  readonly username?: string;
  readonly pw?: string;
  readonly id?: string;
  readonly cafile?: string;
  readonly insecure?: boolean;
}

export async function runSerial(argv: readonly string[], io: CommandIo): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const root = newCommand('serial', 'Serial ports: find, imitate, examine, forward.', io);
  const subcommand = (name: string, description: string) =>
    root.command(name).description(description).helpOption('-h, --help', 'Show this help.');

  subcommand('list', 'Lists the serial ports of this machine, ready to paste.')
    .option('--json', 'One JSON object for each.')
    .action(async (options: { json?: boolean }) => {
      exitCode = await serialList(io, options);
    });
  subcommand('simulate', 'Makes a pseudo-terminal that writes sensor lines, and prints its path.')
    .option('--rate <LINES>', 'Lines a second. Default: 1.', Number)
    .option('--sensors <N>', 'Sensors. Default: 1.', Number)
    .option('--bad <PERCENT>', 'Share of garbage, such as 5%. Default: 0.', percent)
    .option('--seed <N>', 'The same seed gives the same lines. Default: 1.', Number)
    .option('--link <PATH>', 'A symbolic link to make.')
    .action(async (options: Parameters<typeof serialSimulate>[0]) => {
      exitCode = await serialSimulate(options, io);
    });
  subcommand('doctor', 'Reads a port and tells what comes, at which baud rate.')
    .argument('<PATH>')
    .option('--baud <RATE>', 'Only this baud rate.', Number)
    .option('--seconds <N>', 'How long to read at each. Default: 3.', Number)
    .option('--id-field <NAME>', 'The field with the id of the sensor. Default: sensor_id.')
    .action(async (path: string, options: Parameters<typeof serialDoctor>[1]) => {
      exitCode = await serialDoctor(path, options, io);
    });
  subcommand('forward', 'Reads serial ports for a broker elsewhere.')
    .argument('[PATH:BAUD]', 'The port; left out: those of the configuration.')
    .requiredOption('--to <URL>', 'mqtt://, mqtts://, ws:// or wss://HOST[:PORT]')
    .option('-c, --config <FILE>', 'Configuration file.')
    .option('-i, --id <ID>', 'Client Identifier; the port is added to it. Default: linnet-serial.')
    .option('-u, --username <NAME>')
    .option('-P, --pw <PASSWORD>')
    .option('--cafile <FILE>', 'Certificate authorities to trust.')
    .option('--insecure', 'Accept a certificate made out to another name.')
    .action(async (path: string | undefined, options: ForwardOptions) => {
      exitCode = await forward(path, options, io);
    });
  await parseCommandAsync(root, argv.length === 0 ? ['--help'] : argv);
  return exitCode;
}

function percent(text: string): number {
  return Number(text.replace(/%$/, ''));
}

async function forward(
  path: string | undefined,
  options: ForwardOptions,
  io: CommandIo,
): Promise<number> {
  const flags = new Map(path === undefined ? [] : [[serialFlagPath, path]]);
  const source = { flags, configFile: options.config, envFile: undefined, isCheck: false };
  const loaded = loadOrExplain(source, io);
  if (typeof loaded === 'number') return loaded;
  const { serial } = loaded.config;
  if (!serial.isEnabled || serial.ports.length === 0) {
    const fix = 'linnet serial forward /dev/ttyUSB0:115200 --to mqtt://HOST';
    printError(io, `no serial port is given or configured\n       fix   ${fix}`, ExitCode.usage);
    return ExitCode.usage;
  }
  const clients: RemoteLocalClient[] = [];
  const host = {
    publishesUnderWay: 100,
    localClient: ({ clientId }: { clientId: string }) => {
      const client = remoteClient(clientId.replace('$serial/', ''), options, io);
      clients.push(client);
      return client;
    },
    // A broker elsewhere has a $SYS tree of its own.
    systemPublish: () => undefined,
  };
  try {
    return await serialForward(serial, host, io);
  } finally {
    for (const client of clients) client.close();
  }
}

function remoteClient(portName: string, options: ForwardOptions, io: CommandIo): RemoteLocalClient {
  return new RemoteLocalClient({
    connect: {
      url: options.to,
      clientId: `${options.id ?? 'linnet-serial'}-${portName}`,
      username: options.username,
      password: options.pw,
      tls: { caFile: options.cafile, insecure: options.insecure },
      observer: {
        connected: () => io.stderr.write(`info     ${portName}: connected to ${options.to}\n`),
        connectionLost: (error, retryInMs) =>
          io.stderr.write(
            `warning  ${portName}: ${error.message}; again in ${(retryInMs / 1000).toFixed(1)} s\n`,
          ),
      },
    },
  });
}
