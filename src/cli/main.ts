/** The process: streams, signals and exit code of one command. */
import { runCommand } from './commands.ts';
import { ExitCode } from './exit-code.ts';

const stop = new AbortController();
const forcedCodes = { SIGINT: 130, SIGTERM: 143 } as const;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first asks, the second insists.
    if (stop.signal.aborted) process.exit(forcedCodes[signal]);
    stop.abort(signal);
  });
}

/** Something nobody foresaw: what runs is stopped in order; a second time there is no order left. */
process.on('uncaughtException', (error) => {
  process.stderr.write(`error  a bug in linnet: ${error.stack ?? error.message}\n`);
  if (stop.signal.aborted) process.exit(ExitCode.bug);
  process.exitCode = ExitCode.bug;
  stop.abort(error);
});

/** Nobody reads any more: that ends a command quietly, as `head` and `less` expect. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stop.abort('EPIPE');
});

try {
  process.exitCode = await runCommand(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    signal: stop.signal,
    isTty: process.stdout.isTTY === true,
    onReload: (reload) => process.on('SIGHUP', reload),
  });
} catch (error) {
  process.stderr.write(
    `error  a bug in linnet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = ExitCode.bug;
}
