/** `linnet history`: messages of the past, from the running broker through its control channel. */
import { type HistoryEnd, type HistoryLine, streamControl } from '../admin/index.ts';
import { parseCommand } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { asked, type TargetOptions, withTarget } from './control.ts';
import { ExitCode } from './exit-code.ts';
import { parseTime } from './history-time.ts';
import { historyText } from './history-view.ts';
import { printError } from './start.ts';

interface HistoryOptions extends TargetOptions {
  readonly topic: string;
  readonly since?: string;
  readonly until?: string;
  readonly last?: string;
  readonly newestFirst?: boolean;
  readonly json?: boolean;
}

/** What is shown when nothing says how much. */
const lastDefault = 100;
const countMax = 1_000_000_000;

export async function runHistory(argv: readonly string[], io: CommandIo): Promise<number> {
  const command = withTarget('history', 'Shows messages that were published before.', io)
    .option('-t, --topic <FILTER>', 'Only of topics that match.', '#')
    .option('--since <TIME>', 'From then on: 90s, 15m, 24h, 7d back from now, or an ISO time.')
    .option('--until <TIME>', 'Up to then.')
    .option('--last <N>', `Only the newest N. Default: ${lastDefault} without --since, else all.`)
    .option('--newest-first', 'The other way round.')
    .option('--json', 'As lines of JSON.');
  parseCommand(command, argv);
  const options = command.opts<HistoryOptions>();
  const path = pathOf(options, Date.now());
  if (!path.startsWith('/')) {
    printError(io, path, ExitCode.usage);
    return ExitCode.usage;
  }
  return await asked(options, io, (socket) => show(socket, path, options.json === true, io));
}

async function show(socket: string, path: string, isJson: boolean, io: CommandIo): Promise<number> {
  try {
    for await (const line of streamControl(socket, path)) {
      if (io.signal.aborted) return ExitCode.ok;
      const said = JSON.parse(line) as HistoryLine | { readonly end: HistoryEnd };
      if ('end' in said) {
        if (said.end.messages === 0) io.stderr.write('no message is kept that matches\n');
        return ExitCode.ok;
      }
      const text = isJson ? `${line}\n` : historyText(said);
      if (!io.stdout.write(text)) await drained(io);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    printError(io, `${error.message}\n       fix   linnet history --help`, ExitCode.usage);
    return ExitCode.usage;
  }
  return ExitCode.ok;
}

/** The address to ask, or what is wrong with the options. */
function pathOf(options: HistoryOptions, nowMs: number): string {
  const { topic, since, until, last, newestFirst = false } = options;
  const parameters = new URLSearchParams({ filter: topic });
  for (const [flag, name, text] of [
    ['--since', 'from', since],
    ['--until', 'to', until],
  ] as const) {
    if (text === undefined) continue;
    const timeMs = parseTime(text, nowMs);
    if (timeMs === undefined) {
      return `${flag} ${text}: expected a duration or a time\n       fix   ${flag} 90s   ${flag} 24h   ${flag} 2026-05-06T20:00`;
    }
    parameters.set(name, String(timeMs));
  }
  const count = last ?? (since === undefined ? String(lastDefault) : undefined);
  if (count !== undefined) {
    if (!/^\d{1,10}$/.test(count) || Number(count) < 1 || Number(count) > countMax) {
      return `--last ${count}: expected a count from 1 to ${countMax}\n       fix   --last 100`;
    }
    parameters.set(newestFirst ? 'limit' : 'last', count);
  }
  if (newestFirst) parameters.set('newest_first', 'true');
  return `/history?${parameters}`;
}

/** Until the reader of our output took it, or we are to stop. */
function drained({ stdout, signal }: CommandIo): Promise<void> {
  return new Promise((resolve) => {
    stdout.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
