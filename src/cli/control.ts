/** `linnet status | log level | stop`: what a running broker is asked through its control channel. */
import type { Command } from 'commander';
import { ControlError, callControl, findControlSocket } from '../admin/index.ts';
import type { ServerStatus } from '../server.ts';
import { newCommand, parseCommand } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';
import { loadOrExplain, printError } from './start.ts';
import { renderStatus } from './status-view.ts';

export interface TargetOptions {
  readonly dataDir?: string;
  readonly config?: string;
}

export async function runStatus(argv: readonly string[], io: CommandIo): Promise<number> {
  const command = withTarget('status', 'Shows what the running broker does.', io).option(
    '--json',
    'As JSON.',
  );
  parseCommand(command, argv);
  const options = command.opts<TargetOptions & { json?: boolean }>();
  return await asked(options, io, async (socket) => {
    const { body } = await callControl(socket, 'GET', '/status');
    io.stdout.write(
      options.json === true ? `${JSON.stringify(body)}\n` : renderStatus(body as ServerStatus),
    );
    return ExitCode.ok;
  });
}

export async function runLog(argv: readonly string[], io: CommandIo): Promise<number> {
  const command = withTarget('log', 'Shows or changes the log level of the running broker.', io)
    .argument('<WORD>', 'level')
    .argument('[LEVEL]', 'DEBUG, INFO, WARNING or ERROR; left out: shows the levels.')
    .argument('[MODULE]', 'Only for this module.');
  parseCommand(command, argv.length === 0 ? ['--help'] : argv);
  const [word, level, module] = command.args;
  if (word !== 'level') {
    printError(
      io,
      `unknown: linnet log ${word}\n       fix   linnet log level DEBUG`,
      ExitCode.usage,
    );
    return ExitCode.usage;
  }
  return await asked(command.opts<TargetOptions>(), io, async (socket) => {
    const { status, body } =
      level === undefined
        ? await callControl(socket, 'GET', '/status')
        : await callControl(socket, 'PUT', '/log/level', { level, module });
    if (status !== 200) {
      printError(io, (body as { error: string }).error, ExitCode.usage);
      return ExitCode.usage;
    }
    const levels = level === undefined ? (body as { logLevels: unknown }).logLevels : body;
    io.stdout.write(`${JSON.stringify(levels)}\n`);
    return ExitCode.ok;
  });
}

export async function runStop(argv: readonly string[], io: CommandIo): Promise<number> {
  const command = withTarget('stop', 'Stops the running broker gracefully.', io);
  parseCommand(command, argv);
  return await asked(command.opts<TargetOptions>(), io, async (socket) => {
    await callControl(socket, 'POST', '/stop');
    io.stderr.write('stopping\n');
    return ExitCode.ok;
  });
}

export function withTarget(name: string, description: string, io: CommandIo): Command {
  return newCommand(name, description, io)
    .option(
      '--data-dir <DIR>',
      'Data directory of the broker that is meant. Default: as configured.',
    )
    .option('-c, --config <FILE>', 'Its configuration file.');
}

export async function asked(
  options: TargetOptions,
  io: CommandIo,
  ask: (socket: string) => Promise<number>,
): Promise<number> {
  const flags = new Map(options.dataDir === undefined ? [] : [['data_dir', options.dataDir]]);
  const loaded = loadOrExplain(
    { flags, configFile: options.config, envFile: undefined, isCheck: false },
    io,
  );
  if (typeof loaded === 'number') return loaded;
  try {
    return await ask(findControlSocket(loaded.config.dataDir));
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const text = `${error.message}\n       fix   linnet start      or   linnet ${'status'} --data-dir DIR`;
    printError(io, text, ExitCode.unavailable);
    return ExitCode.unavailable;
  }
}
