/**
 * What a command of the command line sees of the world. Commands never touch `process`: whoever starts one
 * hands these in, turns SIGINT and SIGTERM into `signal`, and exits with the code that the command answers.
 * So a test runs a command inside its own process with streams of its own.
 *
 * Data goes to `stdout`, everything said to a person to `stderr`.
 */
export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Aborted when the user wants the command to stop; the command then finishes and answers its exit code. An
   * Error as the reason: something unforeseen happened, and what is running is to be ended in order.
   */
  readonly signal: AbortSignal;
  /** True when a person reads `stdout` on a terminal. */
  readonly isTty: boolean;
  /** Registers what SIGHUP asks for: log files are opened anew, certificates are read again. */
  readonly onReload?: (reload: () => void) => void;
}
