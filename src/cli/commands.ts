/** Every command of `linnet`, and how its first word chooses one. */
import { version } from '../version.ts';
import { Answered } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { ExitCode } from './exit-code.ts';

type Run = (argv: readonly string[], io: CommandIo) => Promise<number>;

interface CommandRow {
  readonly summary: string;
  /** Loaded when it is wanted: a command pays only for what it needs. */
  readonly load: () => Promise<Run>;
}

export const commands: Readonly<Record<string, CommandRow>> = {
  start: {
    summary: 'Start the broker (also without any command).',
    load: async () => (await import('./start.ts')).runStart,
  },
  pub: {
    summary: "Publish messages; mosquitto_pub's flags.",
    load: async () => (await import('./pub.ts')).runPub,
  },
  sub: {
    summary: "Subscribe and print; mosquitto_sub's flags.",
    load: async () => (await import('./sub.ts')).runSub,
  },
  bench: {
    summary: 'Load for any broker: rates, loss, latency.',
    load: async () => (await import('./bench.ts')).runBench,
  },
  demo: {
    summary: 'Broker and simulated boards, with a live view.',
    load: async () => (await import('./demo.ts')).runDemo,
  },
  serial: {
    summary: 'Serial ports: list, simulate, doctor, forward.',
    load: async () => (await import('./serial-command.ts')).runSerial,
  },
  config: {
    summary: 'Check, show and write the configuration.',
    load: async () => (await import('./config.ts')).runConfig,
  },
  status: {
    summary: 'Show what the running broker does.',
    load: async () => (await import('./control.ts')).runStatus,
  },
  history: {
    summary: 'Show messages of the past.',
    load: async () => (await import('./history.ts')).runHistory,
  },
  log: {
    summary: 'Show or change the log level of the running broker.',
    load: async () => (await import('./control.ts')).runLog,
  },
  stop: {
    summary: 'Stop the running broker gracefully.',
    load: async () => (await import('./control.ts')).runStop,
  },
  store: {
    summary: 'What is stored: check, count, export, import.',
    load: async () => (await import('./store.ts')).runStore,
  },
  backup: {
    summary: 'Everything that is stored in one file, while the broker runs.',
    load: async () => (await import('./backup.ts')).runBackup,
  },
  restore: {
    summary: 'A data directory of a backup.',
    load: async () => (await import('./backup.ts')).runRestore,
  },
  'verify-durability': {
    summary: 'Kill a broker in traffic, and check what it kept.',
    load: async () => (await import('./verify-durability.ts')).runVerifyDurability,
  },
  version: {
    summary: 'Show the version.',
    load: async () => async (_argv, io) => {
      io.stdout.write(`linnet ${version}\n`);
      return ExitCode.ok;
    },
  },
  help: {
    summary: 'Show this list.',
    load: async () => async (_argv, io) => {
      io.stdout.write(renderCommands());
      return ExitCode.ok;
    },
  },
};

/** Runs the command that the first word names; flags alone start the broker. */
export async function runCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const [first = ''] = argv;
  const isNamed = first !== '' && !first.startsWith('-');
  const row = commands[isNamed ? first : 'start'];
  if (row === undefined) {
    io.stderr.write(`error  unknown command "${first}"${suggestion(first)}\n\n${renderCommands()}`);
    return ExitCode.usage;
  }
  const run = await row.load();
  try {
    return await run(isNamed ? argv.slice(1) : argv, io);
  } catch (error) {
    if (error instanceof Answered) return error.exitCode;
    throw error;
  }
}

function renderCommands(): string {
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(19)}${summary}`,
  );
  return [
    `linnet ${version}, an MQTT broker`,
    '',
    'Usage: linnet [command] [flags]',
    '',
    ...rows,
    '',
    'linnet COMMAND --help tells more about one of them; linnet --help about starting the broker.',
    '',
  ].join('\n');
}

function suggestion(word: string): string {
  const close = Object.keys(commands).find((name) => {
    return name.startsWith(word.slice(0, 2)) || word.startsWith(name);
  });
  return close === undefined ? '' : `. Did you mean "${close}"?`;
}
